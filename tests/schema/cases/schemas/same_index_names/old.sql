CREATE SCHEMA old_days;
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (a, b);
CREATE TABLE old_days.t (a int, b int);
CREATE INDEX i ON old_days.t (a);
CREATE INDEX j ON old_days.t (a, b);
