CREATE FUNCTION add_up(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + COALESCE(b, 0) $$;
CREATE FUNCTION done(a int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a::text $$;
CREATE AGGREGATE total(int) (SFUNC = add_up, STYPE = int, FINALFUNC = done, MSFUNC = add_up, MINVFUNC = add_up, MSTYPE = int, INITCOND = '0', MINITCOND = '0', MFINALFUNC = done);
