CREATE TABLE t (id int PRIMARY KEY, a text);
COMMENT ON TABLE t IS 'It''s a table';
COMMENT ON COLUMN t.a IS 'letter';
