CREATE TABLE events (
    region text NOT NULL,
    bucket int NOT NULL,
    note text
) PARTITION BY LIST (region);
CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north') PARTITION BY HASH (bucket);
CREATE TABLE events_north_0 PARTITION OF events_north FOR VALUES WITH (MODULUS 2, REMAINDER 0);
