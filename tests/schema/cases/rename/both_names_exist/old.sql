CREATE TABLE t (mail text, email text);
