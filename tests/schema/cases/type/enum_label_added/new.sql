CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e');CREATE TABLE t (e e);
