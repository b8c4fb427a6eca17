CREATE TABLE t (a int);
-- renamed-from: m
CREATE MATERIALIZED VIEW kept AS SELECT a FROM t;
CREATE UNIQUE INDEX m_a ON kept (a);
