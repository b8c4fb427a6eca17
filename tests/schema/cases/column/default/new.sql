CREATE TABLE t (id int PRIMARY KEY, a text);CREATE TABLE d (a int DEFAULT 2, b int DEFAULT 2, c int);
