CREATE TABLE t (id int PRIMARY KEY, a text);CREATE INDEX t_a ON t USING gin (a extensions.gin_trgm_ops) WITH (fastupdate = off);
