CREATE DOMAIN zip AS text CHECK (value ~ '^\d+$');
CREATE TABLE t (z zip);
