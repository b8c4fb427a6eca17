CREATE TABLE t (id int PRIMARY KEY, a bigint);
CREATE PUBLICATION app_changes FOR TABLE t (id, a) WHERE (a > 1);
CREATE TABLE u (id int PRIMARY KEY);
