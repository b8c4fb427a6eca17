CREATE FUNCTION a_even(n int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN n = 0 OR app.b_odd(n - 1); END $$;
CREATE FUNCTION b_odd(n int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN n <> 0 AND app.a_even(n - 1); END $$;
CREATE TABLE t (n int CHECK (a_even(n)));
