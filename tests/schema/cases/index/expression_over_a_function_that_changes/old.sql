CREATE TABLE t (a int);CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ begin return a; end $$;CREATE INDEX i ON t (f(a));
