CREATE TABLE t (
    b int,
    -- renamed-from: a
    c int
);
