CREATE SCHEMA archive;
CREATE TABLE archive.t (id int PRIMARY KEY);
CREATE INDEX t_id ON archive.t (id);
