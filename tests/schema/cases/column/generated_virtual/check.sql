SELECT b = 5 AND c = 8 FROM t;
