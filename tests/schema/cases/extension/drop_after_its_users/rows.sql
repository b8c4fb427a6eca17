INSERT INTO people VALUES (1, 'A@b', 'a=>1');
