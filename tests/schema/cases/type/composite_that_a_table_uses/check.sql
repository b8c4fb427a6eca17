SELECT (c).a = 1 FROM t
