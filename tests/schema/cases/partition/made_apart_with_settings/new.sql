CREATE TABLE log (tenant int CONSTRAINT log_has_a_tenant NOT NULL, note text) PARTITION BY HASH (tenant);
CREATE INDEX log_by_note ON log (note);
CREATE TABLE log_0 (tenant int NOT NULL, note text) WITH (autovacuum_vacuum_scale_factor = 0.1, fillfactor = 70, toast.autovacuum_enabled = off);
CREATE INDEX notes ON log_0 (note);
ALTER TABLE log ATTACH PARTITION log_0 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE log_1 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 80);
