CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ begin return a; end $$;CREATE VIEW v AS SELECT f(1) AS x;
