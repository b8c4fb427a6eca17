-- renamed-from: pair
CREATE TYPE couple AS (
    -- renamed-from: a
    x int,
    b text
);
CREATE TABLE t (p couple);
