SELECT count(*) = 1 FROM m;
