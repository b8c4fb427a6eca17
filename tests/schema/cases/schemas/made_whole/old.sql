CREATE SCHEMA lib;
CREATE TABLE lib.t (a int, b int);
CREATE FUNCTION lib.add(int, int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 + $2;
CREATE AGGREGATE lib.total(int) (SFUNC = lib.add, STYPE = int);
CREATE STATISTICS lib.st ON a, b FROM lib.t;
CREATE RULE quiet AS ON DELETE TO lib.t DO INSTEAD NOTHING;
