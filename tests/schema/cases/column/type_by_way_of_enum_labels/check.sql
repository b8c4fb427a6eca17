SELECT c = 'x' AND cs = '{y}' FROM t;
