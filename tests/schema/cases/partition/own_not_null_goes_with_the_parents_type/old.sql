CREATE TABLE reading (place text, value int, note text) PARTITION BY LIST (place);
CREATE TABLE reading_north PARTITION OF reading (value NOT NULL, note DEFAULT 'none') FOR VALUES IN ('north');
