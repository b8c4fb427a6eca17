CREATE SCHEMA audit;
CREATE TABLE audit.kept (id int PRIMARY KEY);
CREATE TABLE gone (id int);
