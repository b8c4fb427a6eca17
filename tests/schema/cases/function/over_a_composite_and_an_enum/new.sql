CREATE TYPE e AS ENUM ('a', 'b');CREATE TYPE c AS (x e, y int, z text);CREATE FUNCTION g(c, e[]) RETURNS SETOF c LANGUAGE sql AS $$ SELECT $1 $$;CREATE TABLE t (c c, l e[]);
