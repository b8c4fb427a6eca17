CREATE FUNCTION current_agent_id() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path FROM CURRENT
AS $$
BEGIN
    IF session_claims() IS NULL THEN
        RETURN (
            SELECT agent_registry.agent_id
            FROM agent_registry
            WHERE agent_registry.login_role = session_user
        );
    END IF;
    RETURN (
        SELECT agent_registry.agent_id
        FROM agent_registry
        WHERE agent_registry.agent_id = claimed_agent_id() AND agent_registry.login_role IS NULL
    );
END
$$;

COMMENT ON FUNCTION current_agent_id() IS
'The agent this session is: the one its login is, or, in a session of Supabase''s authenticator, the one its verified JWT names.
Arguments: none. Result: its agent_id; NULL for a session that is no agent, such as the service''s.
SET ROLE and other settings do not change it.
Errors: none.';

REVOKE EXECUTE ON FUNCTION current_agent_id() FROM public;
GRANT EXECUTE ON FUNCTION current_agent_id() TO agent, orchestrator, service_role;
