CREATE TABLE t (id int PRIMARY KEY, region text DEFAULT 'eu' NOT NULL, a text);COMMENT ON COLUMN t.region IS 'where';
