CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE (a) INCLUDE (b) WITH (fillfactor = 80));
CREATE UNIQUE INDEX t_x ON t (lower(a::text), (b + 1) DESC NULLS LAST) INCLUDE (a) WHERE b > 0;
