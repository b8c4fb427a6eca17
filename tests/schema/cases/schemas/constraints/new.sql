CREATE SCHEMA shop;
CREATE TABLE shop.item (
    id int PRIMARY KEY,
    price int NOT NULL CONSTRAINT positive CHECK (price > 0),
    name text,
    CONSTRAINT named UNIQUE (name, price)
);
ALTER TABLE shop.item REPLICA IDENTITY USING INDEX item_pkey;
