CREATE TABLE t (
    id int PRIMARY KEY,
    -- renamed-from: n
    amount bigint NOT NULL DEFAULT 0
);
