SELECT x = 'one' FROM v;
