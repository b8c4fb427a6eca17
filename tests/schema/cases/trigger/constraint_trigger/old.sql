CREATE TABLE t (id int PRIMARY KEY, a text);CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;
