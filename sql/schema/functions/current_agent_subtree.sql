CREATE FUNCTION current_agent_subtree() RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE subtree AS (
        SELECT own.agent_id
        FROM current_agent_id() AS own (agent_id)
        WHERE own.agent_id IS NOT NULL
        UNION
        SELECT agent_hierarchy.child_agent_id
        FROM subtree
        INNER JOIN agent_hierarchy ON subtree.agent_id = agent_hierarchy.parent_agent_id
    )

    SELECT subtree.agent_id
    FROM subtree;
END
$$;

COMMENT ON FUNCTION current_agent_subtree() IS
'The agent this session is, with all below it in agent_hierarchy: what an orchestrator may see.
Arguments: none. Result: their agent_ids; no rows for a session that is no agent.
Errors: none.';

REVOKE EXECUTE ON FUNCTION current_agent_subtree() FROM public;
GRANT EXECUTE ON FUNCTION current_agent_subtree() TO orchestrator, service_role;
