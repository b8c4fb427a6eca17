CREATE FUNCTION acting_agent_id(agent_id text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    acting CONSTANT text := coalesce(acting_agent_id.agent_id, current_agent_id());
BEGIN
    IF acting IS NOT NULL THEN
        PERFORM authorise_agent(acting);
    ELSIF NOT session_is_service() THEN
        RAISE EXCEPTION 'login % is no agent', session_user
            USING ERRCODE = 'AE003',
                DETAIL = 'This is for a registered agent or for the service.',
                HINT = 'Call register_agent() first.';
    END IF;
    RETURN acting;
END
$$;

COMMENT ON FUNCTION acting_agent_id(text) IS
'On whose behalf a call is: that of the agent named, if the session may act as it, or else of the session''s own.
Arguments: agent_id, or NULL. Result: the agent; NULL for the service.
Errors: AE002 no such agent, AE003 the session may not act as it, or is neither agent nor service, AE004 it is deregistered.';

REVOKE EXECUTE ON FUNCTION acting_agent_id(text) FROM public;
GRANT EXECUTE ON FUNCTION acting_agent_id(text) TO service_role;
