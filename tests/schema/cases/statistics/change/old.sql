CREATE TABLE t (a int, b int);
CREATE STATISTICS t_ab (ndistinct) ON a, b FROM t;
