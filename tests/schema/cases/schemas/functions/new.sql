CREATE SCHEMA lib;
CREATE FUNCTION lib.one() RETURNS bigint LANGUAGE sql RETURN 1;
CREATE FUNCTION lib.sized(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path TO 'lib' AS $$ BEGIN RETURN a; END $$;
CREATE PROCEDURE lib.tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; END $$;
CREATE FUNCTION twice() RETURNS int LANGUAGE sql RETURN lib.one() * 2;
CREATE TABLE t (a int DEFAULT lib.one(), CHECK (lib.sized(a) > 0));
