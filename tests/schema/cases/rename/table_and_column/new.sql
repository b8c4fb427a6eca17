-- renamed-from: a
CREATE TABLE alpha (
    id int PRIMARY KEY,
    -- renamed-from: x
    label text
);
CREATE TABLE b (a_id int REFERENCES alpha);
CREATE VIEW v AS SELECT alpha.label AS x FROM alpha JOIN b ON b.a_id = alpha.id;
