CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TABLE t (a float8, b float8);
