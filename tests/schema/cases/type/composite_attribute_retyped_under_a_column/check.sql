SELECT (c).x = 1 AND (cs[1]).y = 'b' FROM t;
