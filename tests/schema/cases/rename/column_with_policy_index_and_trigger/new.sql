CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (
    id int PRIMARY KEY,
    -- renamed-from: owner_name
    holder text,
    n int
);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (holder = current_user);
CREATE INDEX t_owner ON t (lower(holder)) WHERE holder IS NOT NULL;
CREATE TRIGGER watch BEFORE UPDATE OF holder ON t FOR EACH ROW WHEN (old.holder IS DISTINCT FROM new.holder) EXECUTE FUNCTION f();
