SELECT nextval('s') = 2;
