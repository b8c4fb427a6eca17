CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$ BEGIN EXECUTE $$ SELECT 1 $$; RETURN 'it''s \ here'; END $x$;
