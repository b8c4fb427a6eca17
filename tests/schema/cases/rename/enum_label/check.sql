SELECT m = 'low' FROM t;
