CREATE TABLE t (id int, n smallint, twice int GENERATED ALWAYS AS (n * 2) STORED);
