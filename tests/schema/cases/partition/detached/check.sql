SELECT (SELECT count(*) = 1 FROM p1) AND (SELECT count(*) = 0 FROM p);
