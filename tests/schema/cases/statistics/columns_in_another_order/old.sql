CREATE TABLE t (b int);
