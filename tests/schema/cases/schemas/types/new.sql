CREATE SCHEMA kinds;
CREATE DOMAIN kinds.label AS varchar(20) DEFAULT 'none' CHECK (value <> '') CHECK (value <> '-');
CREATE TYPE kinds.pair AS (x bigint, y text, z kinds.label);
CREATE TYPE kinds.span AS RANGE (SUBTYPE = int);
CREATE TABLE t (a kinds.label, b kinds.pair);
CREATE TABLE kinds.u (a kinds.label, s kinds.span);
