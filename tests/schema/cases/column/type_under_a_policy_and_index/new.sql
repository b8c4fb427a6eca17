CREATE TABLE t (id int PRIMARY KEY, n bigint);CREATE INDEX t_n ON t (n) WHERE n > 3;CREATE POLICY p ON t USING (n > 3);
