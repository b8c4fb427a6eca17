CREATE TABLE t (id int PRIMARY KEY, a text);CREATE TABLE u (t_id int REFERENCES t);
