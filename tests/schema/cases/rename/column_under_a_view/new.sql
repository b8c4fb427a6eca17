CREATE TABLE t (
    id int PRIMARY KEY,
    -- renamed-from: mail
    email text
);
CREATE VIEW v AS SELECT id, email FROM t;
CREATE VIEW counted AS SELECT count(t.email) AS n FROM t;
