CREATE TABLE t (id int NOT NULL, b text, a text);
CREATE PUBLICATION app_changes FOR TABLE t (id, b) WHERE (id > 2);
