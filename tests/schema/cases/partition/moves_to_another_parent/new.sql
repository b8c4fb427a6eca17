CREATE TABLE regions (code text PRIMARY KEY);
CREATE TABLE incidents (id bigint NOT NULL, region text NOT NULL REFERENCES regions) PARTITION BY LIST (region);
CREATE TABLE events_north PARTITION OF incidents FOR VALUES IN ('north');
CREATE INDEX incidents_id_idx ON incidents (id);
