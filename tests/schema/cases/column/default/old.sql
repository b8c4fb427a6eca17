CREATE TABLE t (id int PRIMARY KEY, a text);CREATE TABLE d (a int DEFAULT 1, b int, c int DEFAULT 3);
