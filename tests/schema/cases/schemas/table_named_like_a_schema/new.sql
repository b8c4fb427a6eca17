CREATE SCHEMA audit;
-- renamed-from: audit
CREATE TABLE audits (id serial PRIMARY KEY, log bigint NOT NULL DEFAULT 1);
CREATE INDEX audit_log ON audits (log);
CREATE TABLE audit.log (id serial PRIMARY KEY, new int);
CREATE TABLE audit.id (id int PRIMARY KEY);
CREATE VIEW seen AS SELECT a.log, l.id FROM audits a JOIN audit.log l ON l.id = a.log;
