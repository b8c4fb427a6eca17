CREATE SCHEMA report;
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE VIEW report.all_t AS SELECT id, a FROM t;
CREATE VIEW summed AS SELECT sum(a) AS total FROM report.all_t;
CREATE MATERIALIZED VIEW report.kept AS SELECT id FROM t;
CREATE UNIQUE INDEX kept_id ON report.kept (id);
