CREATE FUNCTION mark_stale_agents(timeout interval DEFAULT '5 minutes')
RETURNS TABLE (agent_id text, last_heartbeat_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    marked text[];
BEGIN
    IF coalesce(mark_stale_agents.timeout, '0') < interval '1 second' THEN
        RAISE EXCEPTION 'stale agents cannot be told by a timeout of %', coalesce(mark_stale_agents.timeout::text, 'NULL')
            USING ERRCODE = 'AE001',
                DETAIL = 'timeout is out of range.',
                HINT = 'timeout is 1 second or more: some times what agents leave between two heartbeats.';
    END IF;

    -- A row that is locked is one whose agent is giving a sign of life.
    marked := ARRAY(
        SELECT stale.agent_id
        FROM agent_registry AS stale
        WHERE stale.status IN ('online', 'draining')
            AND stale.last_heartbeat_at < moment - mark_stale_agents.timeout
        ORDER BY stale.agent_id
        FOR NO KEY UPDATE SKIP LOCKED
    );
    RETURN QUERY
    UPDATE agent_registry SET status = 'offline'
    WHERE agent_registry.agent_id = ANY (marked)
    RETURNING agent_registry.agent_id::text, agent_registry.last_heartbeat_at;

    UPDATE agent_hierarchy SET
        connection_state = 'disconnected',
        connection_state_changed_at = moment,
        last_error = 'a heartbeat lapsed'
    WHERE agent_hierarchy.child_agent_id = ANY (ARRAY(
        SELECT link.child_agent_id
        FROM agent_hierarchy AS link
        WHERE link.child_agent_id = ANY (marked) OR link.parent_agent_id = ANY (marked)
        ORDER BY link.child_agent_id
        FOR NO KEY UPDATE SKIP LOCKED
    ));
    PERFORM reparent_children();

    -- Those of before, too: a task that was just being written when its agent was marked, or enqueued for it just then.
    PERFORM take_back_tasks(ARRAY(
        SELECT agent_registry.agent_id
        FROM agent_registry
        WHERE agent_registry.status = 'offline' OR agent_registry.deregistered_at > moment - interval '1 hour'
    ));
END
$$;

COMMENT ON FUNCTION mark_stale_agents(interval) IS
'Marks agents offline whose heartbeat lapsed, draining ones too, and takes back the tasks of agents that are offline: those they
hold are ready again, or dead letters once their attempts are used up, and those chosen for them at enqueue may be claimed by
others. Their links to parent and children are disconnected; children of a parent that is gone for an hour are given to another,
see reparent_children(). A heartbeat brings an agent back online; what it held before is another''s then, and its completion is refused.
Arguments: timeout, how long ago the last heartbeat may be (1 second or more).
Result: a row for each agent that was marked: agent_id, last_heartbeat_at.
Errors: AE001 timeout is out of range, AE202 children are to be moved and the isolation level does not allow it.';

REVOKE EXECUTE ON FUNCTION mark_stale_agents(interval) FROM public;
GRANT EXECUTE ON FUNCTION mark_stale_agents(interval) TO service_role;
