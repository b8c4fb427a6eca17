CREATE TABLE t (a int, b int);
CREATE VIEW v WITH (security_barrier = true, security_invoker = true) AS SELECT a, b FROM t;
ALTER VIEW v ALTER COLUMN b SET DEFAULT 5;
