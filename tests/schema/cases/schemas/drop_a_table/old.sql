CREATE SCHEMA audit;
CREATE TABLE audit.kept (id int PRIMARY KEY);
CREATE TABLE audit.gone (id int REFERENCES audit.kept);
CREATE TABLE gone (id int);
