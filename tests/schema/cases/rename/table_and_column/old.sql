CREATE TABLE a (id int PRIMARY KEY, x text);
CREATE TABLE b (a_id int REFERENCES a);
CREATE VIEW v AS SELECT a.x FROM a JOIN b ON b.a_id = a.id;
