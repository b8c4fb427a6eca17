-- array_to_string() is only STABLE because some element types print by the session's settings; text does not.
CREATE FUNCTION agent_search_text(agent_id text, agent_class text, description text, capabilities text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN concat_ws(' ', agent_id, agent_class, description, array_to_string(capabilities, ' '));

COMMENT ON FUNCTION agent_search_text(text, text, text, text[]) IS
'The text under which an agent is found by words.
Arguments: the columns of agent_registry of the same names. Result: them in one line, never NULL.
Errors: none.';

REVOKE EXECUTE ON FUNCTION agent_search_text(text, text, text, text[]) FROM public;
GRANT EXECUTE ON FUNCTION agent_search_text(text, text, text, text[]) TO service_role;
