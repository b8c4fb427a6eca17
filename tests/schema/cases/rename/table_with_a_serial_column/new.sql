-- renamed-from: a
CREATE TABLE b (id serial PRIMARY KEY, n int);
