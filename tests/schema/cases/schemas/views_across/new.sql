CREATE SCHEMA report;
CREATE TABLE t (id int PRIMARY KEY, a bigint);
CREATE VIEW report.all_t AS SELECT id, a FROM t;
CREATE VIEW summed AS SELECT sum(a) AS total FROM report.all_t;
CREATE MATERIALIZED VIEW report.kept AS SELECT id FROM t WHERE id > 0;
CREATE UNIQUE INDEX kept_id ON report.kept (id);
