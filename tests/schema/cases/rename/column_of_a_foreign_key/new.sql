CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (
    -- renamed-from: a_id
    parent_id int NOT NULL REFERENCES a
);
