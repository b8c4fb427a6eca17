CREATE DOMAIN settings AS jsonb CHECK (jsonb_typeof(value) = 'object');
CREATE DOMAIN whole AS int;
CREATE DOMAIN counted AS whole CHECK (value >= 0);
CREATE DOMAIN tags AS text[] CHECK (array_position(value, NULL) IS NULL);
CREATE TABLE t (id int PRIMARY KEY, settings settings NOT NULL DEFAULT '{}', size counted, tags tags, free whole);
