CREATE EXTENSION hstore VERSION '1.6';
CREATE EXTENSION citext VERSION '1.5';
CREATE TABLE facts (id int PRIMARY KEY, all_of_them hstore);
