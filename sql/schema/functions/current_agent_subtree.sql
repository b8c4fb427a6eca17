CREATE FUNCTION current_agent_subtree() RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE subtree AS (
        SELECT agent_registry.agent_id
        FROM agent_registry
        WHERE agent_registry.login_role = session_user
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
'The agent this session''s login is, with all below it in agent_hierarchy: what an orchestrator may see.
Arguments: none. Result: their agent_ids; no rows for a login that is no agent.
Errors: none.';

REVOKE EXECUTE ON FUNCTION current_agent_subtree() FROM public;
GRANT EXECUTE ON FUNCTION current_agent_subtree() TO orchestrator, service_role;
