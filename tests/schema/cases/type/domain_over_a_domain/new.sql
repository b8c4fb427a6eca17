CREATE DOMAIN positive AS int CHECK (VALUE > 0);CREATE DOMAIN small AS positive CHECK (VALUE < 10);CREATE TABLE t (n small DEFAULT 3, m positive[]);
