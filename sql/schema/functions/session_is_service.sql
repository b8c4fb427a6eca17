-- SECURITY DEFINER, so that CURRENT_USER is the owner of the schema whoever calls. USAGE, not MEMBER: Supabase's
-- authenticator may become service_role, but only a session whose login has those rights by itself is the service.
CREATE FUNCTION session_is_service() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
RETURN pg_has_role(session_user, 'service_role', 'USAGE') OR pg_has_role(session_user, current_user, 'USAGE');

COMMENT ON FUNCTION session_is_service() IS
'Says whether this session''s login may act for every agent: it has the rights of service_role or of the owner.
Arguments: none. Result: true or false; SET ROLE and settings do not change it.
Errors: none.';

REVOKE EXECUTE ON FUNCTION session_is_service() FROM public;
GRANT EXECUTE ON FUNCTION session_is_service() TO agent, orchestrator, observer, service_role;
