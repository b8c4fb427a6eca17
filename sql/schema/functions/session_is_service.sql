-- SECURITY DEFINER, so that CURRENT_USER is the owner of the schema whoever calls. With claims it is Supabase's authenticator,
-- which has no rights of service_role until it becomes that: MEMBER, not USAGE.
CREATE FUNCTION session_is_service() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
RETURN CASE
    WHEN session_claims() IS NULL
        THEN login_is_service()
    ELSE coalesce(session_claims() ->> 'role' = 'service_role', FALSE) AND pg_has_role(session_user, 'service_role', 'MEMBER')
END;

COMMENT ON FUNCTION session_is_service() IS
'Says whether this session may act for every agent: its login has the rights of service_role or of the owner, or its verified JWT
says service_role.
Arguments: none. Result: true or false; SET ROLE and other settings do not change it.
Errors: none.';

REVOKE EXECUTE ON FUNCTION session_is_service() FROM public;
GRANT EXECUTE ON FUNCTION session_is_service() TO agent, orchestrator, observer, service_role;
