-- renamed-from: logs
CREATE TABLE entries (
    a int PRIMARY KEY,
    -- renamed-from: b
    c int
) PARTITION BY LIST (a);
-- renamed-from: logs_1
CREATE TABLE entries_1 PARTITION OF entries FOR VALUES IN (1);
CREATE TABLE logs_2 PARTITION OF entries FOR VALUES IN (2);
-- renamed-from: logs_by_b
CREATE INDEX entries_by_c ON entries (c);
