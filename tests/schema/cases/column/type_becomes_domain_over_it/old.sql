CREATE TABLE t (id int PRIMARY KEY, settings jsonb NOT NULL DEFAULT '{}', size int, tags text[], free int);
