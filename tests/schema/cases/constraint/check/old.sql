CREATE TABLE t (a int CHECK (a > 0), b int CONSTRAINT b_small CHECK (b < 10));
