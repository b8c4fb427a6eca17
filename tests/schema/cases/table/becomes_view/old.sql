CREATE TABLE t (id int PRIMARY KEY, a text);CREATE TABLE x (id int);
