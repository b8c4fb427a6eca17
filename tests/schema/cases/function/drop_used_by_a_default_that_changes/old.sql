CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ begin return a; end $$;CREATE TABLE t (a int DEFAULT f(1));
