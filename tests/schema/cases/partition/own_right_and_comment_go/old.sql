CREATE TABLE events (
    region text NOT NULL,
    bucket int NOT NULL,
    note text
) PARTITION BY LIST (region);
CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north') PARTITION BY HASH (bucket);
GRANT SELECT (note), UPDATE (bucket) ON events_north TO agent;
COMMENT ON COLUMN events_north.note IS 'northern';
