SELECT count(*) = 3 AND max(n) = 3 AND nextval('t_n_seq') = 4 FROM t
