CREATE FUNCTION note_transition() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    new.connection_state_changed_at := clock_timestamp();
    new.connection_transitions := jsonb_path_query_array(old.connection_transitions, '$[last - 48 to last]')
        || jsonb_build_object('from', old.connection_state, 'to', new.connection_state, 'at', new.connection_state_changed_at);
    RETURN new;
END
$$;

COMMENT ON FUNCTION note_transition() IS
'Trigger of agent_hierarchy: keeps the last 50 changes of a link''s connection_state, whoever makes them.
Arguments: none. Result: the row.
Errors: none.';

REVOKE EXECUTE ON FUNCTION note_transition() FROM public;
