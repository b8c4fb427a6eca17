CREATE TYPE c AS (a int, b text);CREATE TABLE t (c c);
