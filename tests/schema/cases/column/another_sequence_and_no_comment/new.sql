CREATE SEQUENCE two;
CREATE TABLE t (a int DEFAULT nextval('two'), b int DEFAULT nextval('two'));
