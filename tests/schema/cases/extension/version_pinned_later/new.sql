CREATE EXTENSION hstore VERSION '1.8';
CREATE EXTENSION citext;
CREATE TABLE facts (id int PRIMARY KEY, all_of_them hstore);
