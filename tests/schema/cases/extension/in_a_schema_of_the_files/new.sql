CREATE SCHEMA audit;
CREATE EXTENSION citext SCHEMA audit;
CREATE TABLE t (id integer, name audit.citext);
CREATE TABLE audit.log (name audit.citext);
