CREATE FUNCTION near(a int, b int) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT abs(a - b) < 2 $$;
CREATE OPERATOR ~~~ (FUNCTION = near, LEFTARG = int, RIGHTARG = int);
CREATE TABLE t (a int, CONSTRAINT c CHECK (a ~~~ 5));
