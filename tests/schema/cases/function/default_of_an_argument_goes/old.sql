CREATE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ begin return a; end $$;
