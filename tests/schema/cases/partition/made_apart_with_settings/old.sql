CREATE TABLE log (tenant int CONSTRAINT log_has_a_tenant NOT NULL, note text) PARTITION BY HASH (tenant);
CREATE INDEX log_by_note ON log (note);
