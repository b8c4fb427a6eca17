-- In the live table `a` stands behind `b`, and PostgreSQL prints the two in the table's order.
CREATE TABLE t (a int, b int);
CREATE STATISTICS t_ab ON a, b FROM t;
