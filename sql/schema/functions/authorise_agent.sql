CREATE FUNCTION authorise_agent(agent_id text) RETURNS agent_status
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    found_status agent_status;
    found_login name;
BEGIN
    SELECT agent_registry.status, agent_registry.login_role
    INTO found_status, found_login
    FROM agent_registry
    WHERE agent_registry.agent_id = authorise_agent.agent_id;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no agent %', quote_nullable(authorise_agent.agent_id)
            USING ERRCODE = 'AE002',
                DETAIL = 'agent_registry has no row with this agent_id.',
                HINT = 'Call register_agent() once, when the agent starts.';
    END IF;
    IF NOT session_may_act_as(authorise_agent.agent_id, found_login) THEN
        RAISE EXCEPTION 'login % may not act as agent %', session_user, quote_literal(authorise_agent.agent_id)
            USING ERRCODE = 'AE003',
                DETAIL = 'The agent belongs to another login, to the service alone, or to a JWT that names it.',
                HINT = 'Connect as the login that the agent was registered with, or as one with the rights of service_role.';
    END IF;
    IF found_status = 'deregistered' THEN
        RAISE EXCEPTION 'agent % is deregistered', quote_literal(authorise_agent.agent_id)
            USING ERRCODE = 'AE004',
                DETAIL = 'It left the ecosystem.',
                HINT = 'Call register_agent() to bring it back.';
    END IF;
    RETURN found_status;
END
$$;

COMMENT ON FUNCTION authorise_agent(text) IS
'Checks that this session may act as an agent; the other functions call it.
Arguments: agent_id. Result: the agent''s status.
Errors: AE002 no such agent, AE003 the session may not act as it, AE004 it is deregistered.';

REVOKE EXECUTE ON FUNCTION authorise_agent(text) FROM public;
GRANT EXECUTE ON FUNCTION authorise_agent(text) TO service_role;
