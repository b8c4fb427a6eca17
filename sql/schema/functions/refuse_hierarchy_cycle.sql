CREATE FUNCTION refuse_hierarchy_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    -- One change of the hierarchy at a time, and each looks after it got its turn: two halves of a cycle cannot both
    -- pass. A snapshot taken before the turn would not show the other half (serializable would, by failing).
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'agent_hierarchy cannot be changed at isolation level repeatable read'
            USING ERRCODE = 'AE202',
                DETAIL = 'The check for cycles would not see what others have committed meanwhile.',
                HINT = 'Use read committed or serializable.';
    END IF;
    PERFORM pg_advisory_xact_lock(tg_relid::bigint);

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
