CREATE TABLE t (id int) PARTITION BY LIST (id);
CREATE TABLE keeper (copy t);
