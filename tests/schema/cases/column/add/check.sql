SELECT region = 'eu' AND a = 'x' FROM t
