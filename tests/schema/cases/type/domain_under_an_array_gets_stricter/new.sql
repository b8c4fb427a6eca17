CREATE DOMAIN label AS text NOT NULL CHECK (length(VALUE) BETWEEN 1 AND 40);
CREATE DOMAIN short_label AS label;
CREATE TYPE tag AS (name label, weight int);
CREATE TABLE notes (title label DEFAULT 'none', labels label[]);
CREATE TABLE shelves (name short_label);
