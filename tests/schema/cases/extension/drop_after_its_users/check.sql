SELECT email = 'A@b' FROM people;
