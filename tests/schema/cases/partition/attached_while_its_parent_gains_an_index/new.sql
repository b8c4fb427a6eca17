CREATE TABLE events (id bigint, note text, CHECK (id > 0)) PARTITION BY LIST (id);
CREATE INDEX events_note_idx ON events (note);
CREATE TABLE events_one PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_two PARTITION OF events FOR VALUES IN (2);
