CREATE TEXT SEARCH CONFIGURATION plain (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR asciiword WITH english_stem;
CREATE TABLE t (body text);
CREATE INDEX t_body ON t USING gin (to_tsvector('plain', body));
