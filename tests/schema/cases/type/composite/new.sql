CREATE TYPE c AS (a bigint, d date);COMMENT ON TYPE c IS 'c';COMMENT ON COLUMN c.d IS 'day';
