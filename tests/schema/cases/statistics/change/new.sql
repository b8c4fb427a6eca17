CREATE TABLE t (a int, b int);
CREATE STATISTICS t_ab (mcv) ON a, b FROM t;
