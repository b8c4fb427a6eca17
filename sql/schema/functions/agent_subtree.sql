CREATE FUNCTION agent_subtree(agent_id text, max_depth integer DEFAULT NULL)
RETURNS TABLE (
    descendant_agent_id text,
    parent_agent_id text,
    depth integer,
    status agent_status,
    connection_state connection_state
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    IF agent_subtree.max_depth < 0 THEN
        RAISE EXCEPTION 'there is no subtree of depth %', agent_subtree.max_depth
            USING ERRCODE = 'AE001',
                DETAIL = 'max_depth is out of range.',
                HINT = 'max_depth is 0 for the agent alone, 1 for its children too, NULL for all below it.';
    END IF;
    PERFORM FROM agent_registry AS known WHERE known.agent_id = agent_subtree.agent_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no agent % that this session may see', quote_nullable(agent_subtree.agent_id)
            USING ERRCODE = 'AE002',
                DETAIL = 'agent_registry shows no row with this agent_id.',
                HINT = 'Agents see themselves, orchestrators all below them, observers everyone.';
    END IF;

    RETURN QUERY
    WITH RECURSIVE subtree AS (
        SELECT agent_subtree.agent_id AS agent_id, NULL::text AS parent_agent_id, 0 AS depth, NULL::connection_state AS link
        UNION ALL
        SELECT below.child_agent_id, below.parent_agent_id, subtree.depth + 1, below.connection_state
        FROM subtree
        INNER JOIN agent_hierarchy AS below ON subtree.agent_id = below.parent_agent_id
        WHERE agent_subtree.max_depth IS NULL OR subtree.depth < agent_subtree.max_depth
    )

    SELECT subtree.agent_id, subtree.parent_agent_id, subtree.depth, known.status, subtree.link
    FROM subtree
    LEFT JOIN agent_registry AS known ON subtree.agent_id = known.agent_id
    ORDER BY subtree.depth, subtree.agent_id;
END
$$;

COMMENT ON FUNCTION agent_subtree(text, integer) IS
'An agent and all below it in agent_hierarchy, as far as the session may see: an agent sees its own children, an orchestrator
everything below it.
Arguments: agent_id; max_depth, how many levels below it, NULL for all.
Result: a row an agent, from the top down: descendant_agent_id, parent_agent_id and connection_state of the link to it (both NULL for
the agent asked for), depth (0 for that one), status (NULL for one that the session may not see).
Errors: AE001 max_depth is below 0, AE002 no such agent that the session may see.';

REVOKE EXECUTE ON FUNCTION agent_subtree(text, integer) FROM public;
GRANT EXECUTE ON FUNCTION agent_subtree(text, integer) TO agent, orchestrator, observer, service_role;
