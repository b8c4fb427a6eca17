CREATE FUNCTION agent_ancestors(agent_id text)
RETURNS TABLE (ancestor_agent_id text, depth integer, status agent_status, connection_state connection_state)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM agent_registry AS known WHERE known.agent_id = agent_ancestors.agent_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no agent % that this session may see', quote_nullable(agent_ancestors.agent_id)
            USING ERRCODE = 'AE002',
                DETAIL = 'agent_registry shows no row with this agent_id.',
                HINT = 'Agents see themselves, orchestrators all below them, observers everyone.';
    END IF;

    RETURN QUERY
    WITH RECURSIVE ancestors AS (
        SELECT above.parent_agent_id AS agent_id, 1 AS depth, above.connection_state AS link
        FROM agent_hierarchy AS above
        WHERE above.child_agent_id = agent_ancestors.agent_id
        UNION ALL
        SELECT above.parent_agent_id, ancestors.depth + 1, above.connection_state
        FROM ancestors
        INNER JOIN agent_hierarchy AS above ON ancestors.agent_id = above.child_agent_id
    )

    SELECT ancestors.agent_id, ancestors.depth, known.status, ancestors.link
    FROM ancestors
    LEFT JOIN agent_registry AS known ON ancestors.agent_id = known.agent_id
    ORDER BY ancestors.depth;
END
$$;

COMMENT ON FUNCTION agent_ancestors(text) IS
'All above an agent in agent_hierarchy, as far as the session may see: an agent sees its parent and nobody above that.
Arguments: agent_id.
Result: a row an agent, the nearest first: ancestor_agent_id, depth (1 for the parent), status (NULL for one that the session may not
see), connection_state of the link below it; no rows for an agent that stands alone.
Errors: AE002 no such agent that the session may see.';

REVOKE EXECUTE ON FUNCTION agent_ancestors(text) FROM public;
GRANT EXECUTE ON FUNCTION agent_ancestors(text) TO agent, orchestrator, observer, service_role;
