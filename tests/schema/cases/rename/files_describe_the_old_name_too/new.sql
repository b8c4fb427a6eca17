CREATE TABLE a (x int);
-- renamed-from: a
CREATE TABLE b (x int);
