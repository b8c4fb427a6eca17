CREATE TABLE t (n bigserial, a text);
