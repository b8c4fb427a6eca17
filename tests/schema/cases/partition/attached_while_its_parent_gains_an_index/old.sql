CREATE TABLE events (id bigint, note text) PARTITION BY LIST (id);
CREATE TABLE events_one PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_two (id bigint, note text);
