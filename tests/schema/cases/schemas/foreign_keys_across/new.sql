CREATE SCHEMA audit;
CREATE TABLE audit.actor (id int PRIMARY KEY, last_t int);
CREATE TABLE t (id int PRIMARY KEY, actor int REFERENCES audit.actor);
ALTER TABLE audit.actor ADD FOREIGN KEY (last_t) REFERENCES t;
CREATE TABLE audit.log (id int PRIMARY KEY, t int REFERENCES t);
