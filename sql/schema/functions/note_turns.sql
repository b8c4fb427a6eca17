CREATE FUNCTION note_turns(tasks jsonb, latest_turn timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    -- Locked in one order, as heartbeats() does, so that neither waits for the other in a circle.
    PERFORM
    FROM agent_registry
    WHERE agent_registry.agent_id IN (
        SELECT one.task ->> 'assigned_to_agent_id'
        FROM jsonb_array_elements(note_turns.tasks) AS one (task)
        WHERE one.task ->> 'delegation_strategy' = 'round_robin'
    )
    ORDER BY agent_registry.agent_id
    FOR NO KEY UPDATE;

    UPDATE agent_registry SET last_assigned_at = note_turns.latest_turn + make_interval(secs => latest.nth / 1e6)
    FROM (
        SELECT
            one.task ->> 'assigned_to_agent_id' AS agent_id,
            max(one.nth) AS nth
        FROM jsonb_array_elements(note_turns.tasks) WITH ORDINALITY AS one (task, nth)
        WHERE one.task ->> 'delegation_strategy' = 'round_robin'
        GROUP BY 1
    ) AS latest
    WHERE agent_registry.agent_id = latest.agent_id;
END
$$;

COMMENT ON FUNCTION note_turns(jsonb, timestamptz) IS
'Writes down whose turn it was, so that round_robin goes on with the agent chosen longest ago; assign_tasks() calls it.
Arguments: tasks with their assigned_to_agent_id, in the order of their turns; latest_turn, later than every turn before.
Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION note_turns(jsonb, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION note_turns(jsonb, timestamptz) TO service_role;
