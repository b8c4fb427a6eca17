CREATE SCHEMA crm;
-- renamed-from: level
CREATE TYPE crm.degree AS ENUM ('low', 'high');
-- renamed-from: person
CREATE TABLE crm.contact (
    id serial PRIMARY KEY,
    -- renamed-from: mail
    email text NOT NULL,
    level crm.degree,
    boss int REFERENCES crm.contact
);
-- renamed-from: person_mail_idx
CREATE INDEX by_email ON crm.contact (email);
-- renamed-from: greet
CREATE FUNCTION crm.hail(p crm.contact) RETURNS text LANGUAGE sql RETURN p.email;
-- renamed-from: own
CREATE POLICY theirs ON crm.contact USING (email = current_user);
CREATE VIEW mails AS SELECT email AS mail FROM crm.contact;
