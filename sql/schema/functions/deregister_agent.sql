CREATE FUNCTION deregister_agent(agent_id text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM authorise_agent(deregister_agent.agent_id);

    UPDATE agent_registry SET
        status = 'deregistered',
        deregistered_at = clock_timestamp(),
        active_tasks = 0
    WHERE agent_registry.agent_id = deregister_agent.agent_id AND agent_registry.status <> 'deregistered';
    PERFORM reparent_children(ARRAY[deregister_agent.agent_id]);
    RETURN take_back_tasks(ARRAY[deregister_agent.agent_id]);
END
$$;

COMMENT ON FUNCTION deregister_agent(text) IS
'An agent leaves: it takes no more part, and only register_agent() brings it back. Tasks it holds are ready again, or dead letters
once their attempts are used up; those chosen for it at enqueue may be claimed by others; those meant for it alone are dead letters.
Its children get what their reparent_policy says: see reparent_children(). Its row stays, and its own place below its parent. One that
is to finish what it holds should do so first.
Arguments: agent_id. Result: how many tasks it held.
Errors: AE002 no such agent, AE003 not this session''s agent, AE004 it is deregistered already, AE202 it has children
and the isolation level does not allow to move them.';

REVOKE EXECUTE ON FUNCTION deregister_agent(text) FROM public;
GRANT EXECUTE ON FUNCTION deregister_agent(text) TO agent, orchestrator, service_role;
