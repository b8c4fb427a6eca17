CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql SET search_path = '' AS $$ begin return a; end $$;
