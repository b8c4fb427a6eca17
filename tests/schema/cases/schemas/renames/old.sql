CREATE SCHEMA crm;
CREATE TYPE crm.level AS ENUM ('low', 'high');
CREATE TABLE crm.person (id serial PRIMARY KEY, mail text NOT NULL, level crm.level, boss int REFERENCES crm.person);
CREATE INDEX person_mail_idx ON crm.person (mail);
CREATE FUNCTION crm.greet(p crm.person) RETURNS text LANGUAGE sql RETURN p.mail;
CREATE POLICY own ON crm.person USING (mail = current_user);
CREATE VIEW mails AS SELECT mail FROM crm.person;
