SELECT (g, h, v) = (3, 2, 2) FROM t
