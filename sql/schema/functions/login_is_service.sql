-- Asked by the owner's functions alone, where CURRENT_USER is the owner; so it can be part of their statements, which costs
-- less than a call. USAGE, not MEMBER: Supabase's authenticator may become service_role, but only a session whose login has
-- those rights by itself is the service.
CREATE FUNCTION login_is_service() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN pg_has_role(session_user, 'service_role', 'USAGE') OR pg_has_role(session_user, current_user, 'USAGE');

COMMENT ON FUNCTION login_is_service() IS
'Says whether this session''s login has the rights of service_role or of the owner; asked by the owner''s functions alone.
Arguments: none. Result: true or false. Errors: none.';

REVOKE EXECUTE ON FUNCTION login_is_service() FROM public;
