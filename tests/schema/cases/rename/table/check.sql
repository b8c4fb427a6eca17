SELECT array_agg(name ORDER BY id) = '{ada,bob}' FROM client;
