-- A setting is anybody's to SET. It counts in a session of Supabase's authenticator, whose only client is PostgREST: that
-- sets it for each request, to claims whose signature it has verified, and lets no request run SQL of its own. Supabase
-- Realtime does the same in sessions of a superuser, where claims can but take away. (Who has pg_execute_server_program is
-- one or as good as one, and asking so lets PostgreSQL inline this.)
CREATE FUNCTION session_claims() RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN CASE
    WHEN session_user = 'authenticator' THEN coalesce(nullif(current_setting('request.jwt.claims', TRUE), '')::jsonb, '{}')
    WHEN current_setting('request.jwt.claims', TRUE) <> '' AND pg_has_role(session_user, 'pg_execute_server_program', 'USAGE')
        THEN current_setting('request.jwt.claims', TRUE)::jsonb
END;

COMMENT ON FUNCTION session_claims() IS
'The claims of the verified JWT for which this session works: it decides who the session is, instead of the login.
Arguments: none. Result: the claims; {} for a session of authenticator that has none; NULL for one whose login decides, that is any
other but a superuser''s with claims.
Errors: none.';

REVOKE EXECUTE ON FUNCTION session_claims() FROM public;
GRANT EXECUTE ON FUNCTION session_claims() TO service_role;
