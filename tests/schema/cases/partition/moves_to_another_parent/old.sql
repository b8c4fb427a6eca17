CREATE TABLE regions (code text PRIMARY KEY);
CREATE TABLE events (id bigint NOT NULL, region text NOT NULL REFERENCES regions) PARTITION BY LIST (region);
CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north');
CREATE INDEX events_id_idx ON events (id);
