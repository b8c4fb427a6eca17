INSERT INTO customer (name) VALUES ('ada'), ('bob');
