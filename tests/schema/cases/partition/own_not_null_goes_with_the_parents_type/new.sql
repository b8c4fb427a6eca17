-- The parent's change reaches its partition: what the partition had of its own is still there then, and goes by itself.
CREATE TABLE reading (place text, value bigint, note text COLLATE "C") PARTITION BY LIST (place);
CREATE TABLE reading_north PARTITION OF reading FOR VALUES IN ('north');
