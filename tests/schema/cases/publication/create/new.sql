CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE u (id int PRIMARY KEY);
CREATE PUBLICATION app_changes FOR TABLE t (id, a) WHERE (id > 5), u WITH (publish = 'insert, update');
COMMENT ON PUBLICATION app_changes IS 'for the replica';
