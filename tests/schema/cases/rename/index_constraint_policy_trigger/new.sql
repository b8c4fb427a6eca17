CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE t (
    id int,
    n int,
    -- renamed-from: old_key
    CONSTRAINT new_key PRIMARY KEY (id),
    -- renamed-from: old_check
    CONSTRAINT new_check CHECK (n > 0)
);
-- renamed-from: old_index
CREATE INDEX new_index ON t (n);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- renamed-from: old_policy
CREATE POLICY new_policy ON t USING (true);
-- renamed-from: old_trigger
CREATE TRIGGER new_trigger BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
