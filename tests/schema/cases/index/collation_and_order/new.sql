CREATE TABLE t (a text, b int);
CREATE INDEX i ON t (a COLLATE "C" text_pattern_ops DESC, b NULLS FIRST) WITH (fillfactor = 50, deduplicate_items = off);
