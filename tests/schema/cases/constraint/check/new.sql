CREATE TABLE t (a int, b int CONSTRAINT b_small CHECK (b < 20), CONSTRAINT ordered CHECK (a < b) NO INHERIT);COMMENT ON CONSTRAINT ordered ON t IS 'order';
