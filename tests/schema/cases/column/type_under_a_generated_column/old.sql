CREATE TABLE t (id int, n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
