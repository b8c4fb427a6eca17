CREATE DOMAIN label AS text CHECK (VALUE <> '');
CREATE DOMAIN short_label AS label;
CREATE TYPE tag AS (name label, weight int);
CREATE TABLE notes (title label DEFAULT 'none', labels label[]);
CREATE TABLE shelves (name short_label);
