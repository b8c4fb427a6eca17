-- renamed-from: s
CREATE SEQUENCE counter START 5;
CREATE TABLE t (a bigint DEFAULT nextval('counter'));
