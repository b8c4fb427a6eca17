CREATE FUNCTION ok(text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) > 2 $$;
CREATE DOMAIN d AS text CHECK (ok(value));
CREATE TABLE t (d d);
