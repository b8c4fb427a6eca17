CREATE TYPE a AS ENUM ('x','y');
CREATE TYPE b AS ENUM ('x','y','z');
CREATE TABLE t (c a DEFAULT 'x', cs a[]);
