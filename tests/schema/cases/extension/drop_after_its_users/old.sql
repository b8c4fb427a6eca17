CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TABLE people (id int PRIMARY KEY, email citext, facts hstore);
CREATE VIEW emails AS SELECT email FROM people;
CREATE FUNCTION fact(people) RETURNS text LANGUAGE sql RETURN $1.facts -> 'a';
