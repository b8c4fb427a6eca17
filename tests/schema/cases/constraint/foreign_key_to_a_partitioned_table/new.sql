CREATE TABLE p (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);CREATE TABLE p_default PARTITION OF p DEFAULT;CREATE TABLE r (id int, at date, FOREIGN KEY (id, at) REFERENCES p);
