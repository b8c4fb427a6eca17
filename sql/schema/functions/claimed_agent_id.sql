-- Not user_metadata: that is what a user of Supabase may write himself.
CREATE FUNCTION claimed_agent_id() RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN coalesce(session_claims() ->> 'agent_id', session_claims() #>> '{app_metadata,agent_id}');

COMMENT ON FUNCTION claimed_agent_id() IS
'The agent that the session''s verified JWT names, registered or not.
Arguments: none. Result: the claim agent_id, or app_metadata.agent_id; NULL without one, and where claims do not count.
Errors: none.';

REVOKE EXECUTE ON FUNCTION claimed_agent_id() FROM public;
GRANT EXECUTE ON FUNCTION claimed_agent_id() TO service_role;
