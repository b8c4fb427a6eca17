SELECT nextval(pg_get_serial_sequence('upward', 'n')) = 6
    AND nextval(pg_get_serial_sequence('downward', 'n')) = -6
    AND nextval(pg_get_serial_sequence('below_its_start', 'n')) = 1000
    AND nextval('"Its Sequence"') = 42
    AND nextval(pg_get_serial_sequence('beyond', 'n')) = 1
    AND nextval(pg_get_serial_sequence('empty', 'n')) = 7
    AND nextval('of_both') = 51
    AND nextval('of_texts') = 1 AND nextval('of_numeric') = 8
