CREATE SCHEMA kinds;
CREATE TYPE kinds.level AS ENUM ('low', 'middle', 'high');
CREATE TYPE kinds.mood AS ENUM ('good', 'bad');
CREATE TABLE t (a kinds.level DEFAULT 'low', b kinds.mood[], c kinds.mood);
