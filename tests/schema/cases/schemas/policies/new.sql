CREATE SCHEMA tenant;
CREATE TABLE member (id int, who text);
CREATE TABLE tenant.doc (id int, who text);
ALTER TABLE tenant.doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant.doc FORCE ROW LEVEL SECURITY;
CREATE POLICY "Reads its own." ON tenant.doc FOR SELECT TO agent
    USING (EXISTS (SELECT FROM member m WHERE m.id = doc.id AND m.who = current_user));
CREATE POLICY writes ON tenant.doc FOR INSERT TO agent WITH CHECK (who = current_user);
