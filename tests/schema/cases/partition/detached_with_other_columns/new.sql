CREATE TABLE entries (a int PRIMARY KEY, c varchar(10), d int) PARTITION BY LIST (a);
CREATE TABLE logs_2 (a int PRIMARY KEY, c varchar(10), d int);
