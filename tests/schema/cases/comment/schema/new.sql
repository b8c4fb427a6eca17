COMMENT ON SCHEMA app IS 'ours';
CREATE TABLE t (a int);
