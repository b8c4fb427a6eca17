INSERT INTO t VALUES (1, '{"a": 1}', 3, '{x,y}', -4)
