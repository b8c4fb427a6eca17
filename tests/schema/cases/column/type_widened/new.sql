CREATE TABLE t (id bigint PRIMARY KEY, a varchar(20), n numeric(7,2));
