CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ begin return a; end $$;
