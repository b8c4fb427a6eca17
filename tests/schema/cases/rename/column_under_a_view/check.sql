SELECT (SELECT email = 'a@b' FROM v) AND (SELECT n = 1 FROM counted);
