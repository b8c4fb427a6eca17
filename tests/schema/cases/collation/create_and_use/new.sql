CREATE COLLATION plain (provider = libc, locale = 'C');
COMMENT ON COLLATION plain IS 'bytes';
CREATE TABLE t (a text, b text COLLATE plain);
