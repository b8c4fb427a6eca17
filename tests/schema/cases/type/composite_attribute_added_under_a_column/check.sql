SELECT (c).x = 1 AND (c).y IS NULL FROM t;
