CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (id int PRIMARY KEY, owner_name text, n int);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (owner_name = current_user);
CREATE INDEX t_owner ON t (lower(owner_name)) WHERE owner_name IS NOT NULL;
CREATE TRIGGER watch BEFORE UPDATE OF owner_name ON t FOR EACH ROW WHEN (old.owner_name IS DISTINCT FROM new.owner_name) EXECUTE FUNCTION f();
