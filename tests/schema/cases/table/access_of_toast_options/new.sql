CREATE TABLE t (a text) WITH (autovacuum_enabled = false, toast.autovacuum_vacuum_threshold = 100, fillfactor = 60);
