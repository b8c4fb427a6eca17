CREATE TABLE t (s varchar(10), CONSTRAINT s_known CHECK (s IN ('a', 'b')));
CREATE INDEX t_s ON t (s) WHERE s IN ('a', 'b');
CREATE VIEW v AS SELECT s FROM t WHERE s NOT IN ('c', 'd''e');
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (s IN ('a', 'b'));
