SELECT settings = '{"a": 1}' AND size = 3 AND tags = '{x,y}' AND free = -4 FROM t
