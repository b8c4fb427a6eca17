SELECT (p).x = 1 FROM t;
