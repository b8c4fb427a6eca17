CREATE TABLE t (a int);CREATE FUNCTION f(b int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ begin return b; end $$;CREATE INDEX i ON t (f(a));
