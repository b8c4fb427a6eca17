SELECT e = 'b' AND es = '{a,c}' FROM t;
