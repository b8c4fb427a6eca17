CREATE TABLE regions (code text PRIMARY KEY);
CREATE TABLE events (
    id bigint NOT NULL,
    region text NOT NULL CONSTRAINT events_region_fkey REFERENCES regions,
    note text,
    CONSTRAINT events_id_check CHECK (id > 0),
    PRIMARY KEY (id, region)
) PARTITION BY LIST (region);
CREATE INDEX events_note_idx ON events (note);
CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north');
