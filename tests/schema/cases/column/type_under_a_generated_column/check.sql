SELECT twice = 4 FROM t
