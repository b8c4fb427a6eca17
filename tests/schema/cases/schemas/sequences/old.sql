CREATE SCHEMA numbers;
CREATE SEQUENCE numbers.plain;
CREATE TABLE numbers.t (id serial PRIMARY KEY, n int DEFAULT nextval('numbers.plain'));
CREATE TABLE numbers.u (id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE t (id int DEFAULT nextval('numbers.plain'));
