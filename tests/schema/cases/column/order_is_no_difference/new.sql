CREATE TABLE t (a text, id int PRIMARY KEY);
