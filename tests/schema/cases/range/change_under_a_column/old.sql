CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TABLE t (f floats);
