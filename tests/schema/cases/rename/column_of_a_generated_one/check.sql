SELECT n = 4 AND twice = 8 FROM t;
