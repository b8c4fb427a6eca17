CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ begin return a; end $$;CREATE FUNCTION f(a text) RETURNS text LANGUAGE plpgsql AS $$ begin return a; end $$;
