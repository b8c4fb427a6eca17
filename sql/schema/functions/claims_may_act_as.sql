-- A call of its own, in plpgsql, so that statements that ask session_may_act_as() do not carry all of it along.
CREATE FUNCTION claims_may_act_as(agent_id text, login_role name) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN is_session_agent(claims_may_act_as.agent_id, claims_may_act_as.login_role) OR session_is_service();
END
$$;

COMMENT ON FUNCTION claims_may_act_as(text, name) IS
'Says whether this session, in which claims are set, may act as an agent; asked by session_may_act_as() alone.
Arguments: agent_id and login_role of the agent''s row. Result: true or false. Errors: none.';

REVOKE EXECUTE ON FUNCTION claims_may_act_as(text, name) FROM public;
