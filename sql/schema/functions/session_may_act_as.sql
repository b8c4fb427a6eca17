-- What is_session_agent() or session_is_service() say; a heartbeat that asks this instead costs a quarter less. Every statement
-- sets up the whole of what it asks, and most sessions have no claims.
CREATE FUNCTION session_may_act_as(agent_id text, login_role name) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN CASE
    WHEN session_user = 'authenticator' OR current_setting('request.jwt.claims', TRUE) <> ''
        THEN claims_may_act_as(agent_id, login_role)
    ELSE coalesce(login_role = session_user, FALSE) OR login_is_service()
END;

COMMENT ON FUNCTION session_may_act_as(text, name) IS
'Says whether this session may act as an agent: it is the agent, or the service; asked by the owner''s functions alone.
Arguments: agent_id and login_role of the agent''s row. Result: true or false; SET ROLE and other settings do not change it.
Errors: none.';

REVOKE EXECUTE ON FUNCTION session_may_act_as(text, name) FROM public;
