CREATE TABLE events (id bigint NOT NULL, note text, CONSTRAINT events_key PRIMARY KEY (id)) PARTITION BY LIST (id);
CREATE INDEX events_note_idx ON events (note);
CREATE TABLE archive (id bigint NOT NULL, note text, CONSTRAINT archive_key PRIMARY KEY (id));
CREATE INDEX notes_of_old ON archive (note);
