SELECT id = 1 AND a = 'x' AND n = 1.5 FROM t
