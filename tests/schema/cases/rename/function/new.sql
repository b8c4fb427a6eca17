-- renamed-from: f
CREATE FUNCTION same(a int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a $$;
CREATE TABLE t (a int, CHECK (same(a) > 0));
