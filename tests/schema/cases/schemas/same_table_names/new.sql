CREATE SCHEMA old_days;
CREATE TABLE t (id int PRIMARY KEY, a bigint, gone text);
CREATE TABLE old_days.t (id int PRIMARY KEY, a int NOT NULL, new text UNIQUE);
