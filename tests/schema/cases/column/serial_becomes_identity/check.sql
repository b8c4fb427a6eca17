SELECT count(*) = 2 AND nextval(pg_get_serial_sequence('t', 'n')) = 3 FROM t
