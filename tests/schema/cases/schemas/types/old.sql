CREATE SCHEMA kinds;
CREATE DOMAIN kinds.label AS text CHECK (value <> '');
CREATE TYPE kinds.pair AS (x int, y text);
CREATE TABLE t (a kinds.label, b kinds.pair);
CREATE TABLE kinds.u (a kinds.label);
