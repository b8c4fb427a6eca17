CREATE TABLE t (
    -- renamed-from: a
    n int,
    twice int GENERATED ALWAYS AS (n * 2) STORED
);
