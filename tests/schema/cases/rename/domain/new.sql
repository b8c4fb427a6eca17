-- renamed-from: zip
CREATE DOMAIN postcode AS text CONSTRAINT zip_check CHECK (value ~ '^\d+$');
CREATE TABLE t (z postcode);
