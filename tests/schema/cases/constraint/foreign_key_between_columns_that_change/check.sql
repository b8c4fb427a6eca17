SELECT count(*) = 1 FROM a JOIN b ON a.id = b.a_id;
