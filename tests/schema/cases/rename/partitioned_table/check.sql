SELECT count(*) = 1 FROM journal;
