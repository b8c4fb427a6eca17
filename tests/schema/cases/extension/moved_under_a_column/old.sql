CREATE EXTENSION citext SCHEMA extensions;
CREATE TABLE people (id int PRIMARY KEY, email citext);
