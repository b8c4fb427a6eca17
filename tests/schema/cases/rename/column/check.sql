SELECT email = 'a@b' FROM t;
