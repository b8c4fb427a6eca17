CREATE TABLE t (id int PRIMARY KEY, mail text);
CREATE VIEW v AS SELECT id, mail FROM t;
CREATE VIEW counted AS SELECT count(t.mail) AS n FROM t;
