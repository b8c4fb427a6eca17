CREATE TABLE t (a int, b text);
CREATE VIEW v AS WITH x AS (SELECT a FROM t UNION ALL SELECT 1) SELECT x.a, l.n, row_number() OVER w AS r FROM x LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE t.b ~ 'a') AS n FROM t WHERE t.a = x.a) l ON true WINDOW w AS (ORDER BY x.a) ORDER BY 1;
