CREATE SCHEMA audit;
CREATE TYPE audit.level AS ENUM ('low', 'high');
CREATE TABLE audit.log (id int PRIMARY KEY, level audit.level);
CREATE FUNCTION audit.total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM audit.log; END;
CREATE VIEW audit.high AS SELECT id FROM audit.log WHERE level = 'high';
CREATE TABLE t (a int);
