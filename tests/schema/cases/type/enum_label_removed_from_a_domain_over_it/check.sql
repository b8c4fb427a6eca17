SELECT d::text = 'a' FROM t;
