CREATE TABLE t (id int);
CREATE TABLE keeper (copy t);
