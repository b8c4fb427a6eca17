CREATE TABLE t (a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
