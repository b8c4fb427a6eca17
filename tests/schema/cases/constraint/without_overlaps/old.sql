CREATE TABLE t (id int4range, at tsrange NOT NULL);
