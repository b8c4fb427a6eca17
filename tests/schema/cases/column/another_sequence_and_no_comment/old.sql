CREATE SEQUENCE one;
CREATE TABLE t (a int DEFAULT nextval('one'), b int DEFAULT nextval('one'));
COMMENT ON COLUMN t.a IS 'a';
GRANT SELECT (b) ON t TO agent;
