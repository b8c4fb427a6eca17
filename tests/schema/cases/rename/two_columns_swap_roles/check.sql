SELECT b = 2 AND c = 1 FROM t;
