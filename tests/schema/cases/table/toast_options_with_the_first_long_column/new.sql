CREATE TABLE t (a text NOT NULL) WITH (fillfactor = 60, toast.autovacuum_vacuum_threshold = 100);
