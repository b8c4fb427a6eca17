CREATE DOMAIN settings AS jsonb CHECK (jsonb_typeof(value) = 'object');
CREATE DOMAIN counted AS int NOT NULL CHECK (value >= 0);
CREATE TABLE t (id int PRIMARY KEY, settings settings NOT NULL DEFAULT '{}', size counted);
