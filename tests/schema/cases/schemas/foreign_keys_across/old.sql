CREATE SCHEMA audit;
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE audit.log (id int PRIMARY KEY, t int);
