CREATE SCHEMA old_days;
CREATE TABLE t (id int PRIMARY KEY, a int, gone text);
CREATE TABLE old_days.t (id int PRIMARY KEY, a int, gone text);
