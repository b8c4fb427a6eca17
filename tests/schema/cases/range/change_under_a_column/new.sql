CREATE TYPE floats AS RANGE (subtype = numeric);
CREATE TABLE t (f floats);
