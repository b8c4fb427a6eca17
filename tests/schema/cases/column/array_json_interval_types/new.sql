CREATE TABLE t (a varchar(5)[], j json DEFAULT '{"a": 1}', i interval, b bit varying(5), z timetz);
