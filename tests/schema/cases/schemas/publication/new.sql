CREATE SCHEMA audit;
CREATE TABLE t (a int PRIMARY KEY);
CREATE TABLE audit.log (a int PRIMARY KEY, b int);
CREATE PUBLICATION changes FOR TABLE t, audit.log (a);
