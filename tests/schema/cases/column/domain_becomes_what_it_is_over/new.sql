CREATE DOMAIN settings AS jsonb CHECK (jsonb_typeof(value) = 'object');
CREATE TABLE t (id int PRIMARY KEY, settings jsonb NOT NULL DEFAULT '{}', size int);
