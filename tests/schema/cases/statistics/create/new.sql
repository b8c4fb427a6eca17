CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS t_ab (ndistinct, dependencies) ON a, b FROM t;
CREATE STATISTICS t_expr ON lower(c), (a + b) FROM t;
ALTER STATISTICS t_ab SET STATISTICS 500;
COMMENT ON STATISTICS t_ab IS 'they go together';
