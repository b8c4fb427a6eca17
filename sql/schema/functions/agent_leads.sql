CREATE FUNCTION agent_leads(agent_id text, other_agent_id text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN EXISTS (
        WITH RECURSIVE chain AS (
            SELECT agent_leads.other_agent_id AS id
            UNION
            SELECT agent_hierarchy.parent_agent_id
            FROM chain
            INNER JOIN agent_hierarchy ON chain.id = agent_hierarchy.child_agent_id
        )

        SELECT FROM chain
        WHERE chain.id = agent_leads.agent_id
    );
END
$$;

COMMENT ON FUNCTION agent_leads(text, text) IS
'Says whether an agent is another one, or above it in agent_hierarchy.
Arguments: agent_id, other_agent_id. Result: true or false; false if one is NULL.
Errors: none.';

REVOKE EXECUTE ON FUNCTION agent_leads(text, text) FROM public;
GRANT EXECUTE ON FUNCTION agent_leads(text, text) TO service_role;
