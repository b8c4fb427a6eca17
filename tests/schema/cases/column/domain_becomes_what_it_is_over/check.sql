SELECT settings = '{"a": 1}' AND size = 3 FROM t
