CREATE EXTENSION citext;
CREATE EXTENSION fuzzystrmatch;
CREATE EXTENSION hstore;
COMMENT ON EXTENSION fuzzystrmatch IS 'near misses';
COMMENT ON EXTENSION hstore IS 'facts';
