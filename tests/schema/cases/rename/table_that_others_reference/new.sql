-- renamed-from: a
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a_id int CONSTRAINT to_a REFERENCES parent ON DELETE CASCADE);
