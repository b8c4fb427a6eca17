CREATE SCHEMA tenant;
CREATE TABLE member (id int, who text);
CREATE TABLE tenant.doc (id int, who text);
ALTER TABLE tenant.doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Reads its own." ON tenant.doc FOR SELECT USING (who = current_user);
CREATE POLICY gone ON tenant.doc FOR DELETE USING (true);
