CREATE TYPE c AS (x int);
CREATE TABLE t (c c);
