CREATE FUNCTION record_connection(
    child_agent_id text,
    connection_state connection_state,
    error text DEFAULT NULL,
    agent_id text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    acting CONSTANT text := acting_agent_id(record_connection.agent_id);
BEGIN
    IF coalesce(record_connection.connection_state, 'pending') = 'pending' THEN
        RAISE EXCEPTION 'a connection cannot become %', quote_nullable(record_connection.connection_state)
            USING ERRCODE = 'AE001',
                DETAIL = 'connection_state is what was found: a link is pending only until it was tried.',
                HINT = 'connection_state is connected, degraded or disconnected.';
    END IF;

    UPDATE agent_hierarchy AS link SET
        connection_state = record_connection.connection_state,
        last_error = coalesce(record_connection.error, link.last_error)
    WHERE link.child_agent_id = record_connection.child_agent_id
        AND (acting IS NULL OR agent_leads(acting, link.child_agent_id));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'agent % has no link to a parent to report on', quote_nullable(record_connection.child_agent_id)
            USING ERRCODE = 'AE203',
                DETAIL = 'It stands alone, or the reporting agent is neither it nor above it.',
                HINT = 'The child itself, an agent above it, or the service reports.';
    END IF;
END
$$;

COMMENT ON FUNCTION record_connection(text, connection_state, text, text) IS
'Records how the link of an agent to its parent fares; a change is kept among the link''s connection_transitions.
Arguments: child_agent_id, which has one parent; connection_state: connected, degraded or disconnected; error, why, NULL to leave
the last one as it is; agent_id: on whose behalf; by default the session''s own agent, or the service. Result: nothing.
Errors: AE001 the state is none that can be found, AE002 no such acting agent, AE003 not this session''s agent, AE004 it is
deregistered, AE203 the child has no parent, or the acting agent is neither it nor above it.';

REVOKE EXECUTE ON FUNCTION record_connection(text, connection_state, text, text) FROM public;
GRANT EXECUTE ON FUNCTION record_connection(text, connection_state, text, text) TO agent, orchestrator, service_role;
