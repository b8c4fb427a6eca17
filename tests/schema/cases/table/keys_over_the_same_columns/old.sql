CREATE TABLE there (id int);
