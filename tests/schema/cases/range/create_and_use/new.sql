CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi);
COMMENT ON TYPE floats IS 'a stretch';
CREATE TABLE t (f floats);
