CREATE COLLATION plain (provider = builtin, locale = 'C.UTF-8');
CREATE TABLE t (a text COLLATE plain);
CREATE INDEX t_a ON t (a);
