CREATE SCHEMA old_days;
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a);
CREATE TABLE old_days.t (a int, b int);
CREATE INDEX i ON old_days.t (b);
CREATE INDEX j ON old_days.t (a, b);
CREATE INDEX k ON old_days.t (b, a);
COMMENT ON INDEX old_days.j IS 'both';
