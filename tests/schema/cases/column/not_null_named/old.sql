CREATE TABLE t (a int CONSTRAINT must_be NOT NULL, b int NOT NULL, c int);
