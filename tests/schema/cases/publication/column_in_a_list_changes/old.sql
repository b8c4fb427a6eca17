CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE u (id int PRIMARY KEY);
CREATE PUBLICATION app_changes FOR TABLE t (id, a) WHERE (a > 1);
