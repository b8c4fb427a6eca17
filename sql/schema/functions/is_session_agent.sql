CREATE FUNCTION is_session_agent(agent_id text, login_role name) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN coalesce(
    CASE
        WHEN session_claims() IS NULL THEN login_role = session_user
        ELSE login_role IS NULL AND agent_id = claimed_agent_id()
    END,
    FALSE
);

COMMENT ON FUNCTION is_session_agent(text, name) IS
'Says whether this session is an agent: its login is the agent''s, or its verified JWT names one that has no login of its own.
Arguments: agent_id and login_role of the agent''s row. Result: true or false; SET ROLE and other settings do not change it.
Errors: none.';

REVOKE EXECUTE ON FUNCTION is_session_agent(text, name) FROM public;
GRANT EXECUTE ON FUNCTION is_session_agent(text, name) TO service_role;
