CREATE SCHEMA audit;
CREATE TABLE audit (id serial PRIMARY KEY, log int NOT NULL DEFAULT 1, gone int);
CREATE INDEX audit_log ON audit (log);
CREATE TABLE audit.log (id serial PRIMARY KEY, gone int);
CREATE TABLE audit.id (id int);
CREATE VIEW seen AS SELECT a.log, l.id FROM audit a JOIN audit.log l ON l.id = a.log;
