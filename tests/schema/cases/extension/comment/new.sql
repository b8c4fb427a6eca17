CREATE EXTENSION citext;
CREATE EXTENSION fuzzystrmatch;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
COMMENT ON EXTENSION citext IS 'of e-mail addresses';
COMMENT ON EXTENSION hstore IS 'what we know';
COMMENT ON EXTENSION ltree IS 'trees';
