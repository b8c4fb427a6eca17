CREATE FUNCTION inner_one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION an_outer() RETURNS int LANGUAGE sql AS $$ SELECT app.inner_one() $$;
CREATE TABLE t (a int, b int DEFAULT an_outer());
