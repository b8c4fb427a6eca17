CREATE TABLE t (id bigint PRIMARY KEY, a text);CREATE TABLE u (t_id bigint REFERENCES t);
