CREATE TABLE t (a int);
CREATE FUNCTION best(t) RETURNS t LANGUAGE sql AS $$ SELECT $1 $$;
CREATE TABLE u (kept t, all_of t[]);
