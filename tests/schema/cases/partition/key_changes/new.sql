CREATE TABLE p (at timestamptz NOT NULL, n int) PARTITION BY HASH (at);
