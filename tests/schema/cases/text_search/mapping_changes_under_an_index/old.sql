CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
CREATE TABLE t (body text);
CREATE INDEX t_body ON t USING gin (to_tsvector('plain', body));
