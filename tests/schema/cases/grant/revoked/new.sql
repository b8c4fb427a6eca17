CREATE TABLE t (id int PRIMARY KEY, a text);GRANT SELECT ON t TO agent;
