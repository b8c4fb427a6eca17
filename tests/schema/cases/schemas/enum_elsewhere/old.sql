CREATE SCHEMA kinds;
CREATE TYPE kinds.level AS ENUM ('low', 'high');
CREATE TYPE kinds.mood AS ENUM ('bad', 'good', 'odd');
CREATE TABLE t (a kinds.level DEFAULT 'low', b kinds.mood[], c kinds.mood);
