CREATE SCHEMA shop;
CREATE TABLE shop.item (id int, price int, name text, CONSTRAINT named UNIQUE (name));
