CREATE TABLE people (id int PRIMARY KEY, email citext, nicks citext[]);
CREATE VIEW named AS SELECT lower(email::text) AS name FROM people WHERE email = 'x'::citext;
CREATE TABLE visits (room int, at tstzrange, CONSTRAINT one_at_a_time EXCLUDE USING gist (room WITH =, at WITH &&));
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION btree_gist;
