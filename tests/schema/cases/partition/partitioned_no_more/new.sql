CREATE TABLE t (id bigint, region text NOT NULL);
CREATE TABLE t_rest (id bigint, region text NOT NULL);
CREATE MATERIALIZED VIEW regions AS SELECT DISTINCT region FROM t;
CREATE UNIQUE INDEX regions_key ON regions (region);
CREATE STATISTICS of_both ON id, region FROM t;
