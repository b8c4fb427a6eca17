-- What is no letter and no digit is taken out first: PostgreSQL's parser would else find host names, numbers with a sign
-- and markup. A vector has room for a megabyte: a description beyond that must not keep an agent from registering.
CREATE FUNCTION search_words(search_text text)
RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', regexp_replace(left(search_text, 100000), '[^[:alnum:]]+', ' ', 'g'));

COMMENT ON FUNCTION search_words(text) IS
'The words of a text, in small letters, under which whole words are found: of an agent''s search_text, and of a query.
Arguments: search_text, of which 100,000 characters are read. Result: its words; NULL for NULL.
Errors: none. Words of more than 2,046 bytes are left out, with a notice.';

REVOKE EXECUTE ON FUNCTION search_words(text) FROM public;
GRANT EXECUTE ON FUNCTION search_words(text) TO agent, orchestrator, observer, service_role;
