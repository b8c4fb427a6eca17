CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION first_of(pair) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).a $$;
CREATE CAST (pair AS int) WITH FUNCTION first_of(pair);
