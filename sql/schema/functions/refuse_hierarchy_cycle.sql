CREATE FUNCTION refuse_hierarchy_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM lock_hierarchy();

    IF EXISTS (
        WITH RECURSIVE ancestors AS (
            SELECT new.parent_agent_id AS agent_id
            UNION
            SELECT agent_hierarchy.parent_agent_id
            FROM ancestors
            INNER JOIN agent_hierarchy ON ancestors.agent_id = agent_hierarchy.child_agent_id
        )

        SELECT FROM ancestors
        WHERE ancestors.agent_id = new.child_agent_id
    ) THEN
        RAISE EXCEPTION 'agent % cannot lead agent %', quote_literal(new.parent_agent_id), quote_literal(new.child_agent_id)
            USING ERRCODE = 'AE201',
                DETAIL = 'It would lead itself: the child is already among those above it.',
                HINT = 'Take the child out of its place above first.';
    END IF;
    RETURN new;
END
$$;

COMMENT ON FUNCTION refuse_hierarchy_cycle() IS
'Trigger of agent_hierarchy: keeps cycles out, also when several sessions change it at once.
Arguments: none. Result: the row.
Errors: AE201 the link would close a cycle, AE202 the isolation level does not allow the check.';

REVOKE EXECUTE ON FUNCTION refuse_hierarchy_cycle() FROM public;
