CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TABLE t (a float8, b float8);
CREATE INDEX t_span ON t USING gist (floats(a, b));
