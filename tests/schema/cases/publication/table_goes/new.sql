CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE PUBLICATION app_changes FOR TABLE t;
