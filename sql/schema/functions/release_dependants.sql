CREATE FUNCTION release_dependants(task_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
-- What waits is found through depends_on, never by walking along the key, which a plan for a small table does for the order.
SET enable_indexscan = 'off'
AS $$
DECLARE
    queues text[];
    agents text[];
BEGIN
    -- Locked in one order, so that two completions with dependants in common never wait for each other; and locked by
    -- a statement of its own, so that the next one counts from what a completion just before has left.
    PERFORM
    FROM distributed_tasks AS blocked
    WHERE blocked.status = 'blocked' AND blocked.depends_on && release_dependants.task_ids
    ORDER BY blocked.task_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    WITH released AS (
        UPDATE distributed_tasks AS task SET
            unmet_dependencies = counted.unmet,
            status = CASE WHEN counted.unmet = 0 THEN 'ready' ELSE 'blocked' END::task_status
        FROM (
            SELECT
                blocked.task_id,
                blocked.unmet_dependencies - (
                    SELECT count(*)
                    FROM unnest(blocked.depends_on) AS need
                    WHERE need = ANY (release_dependants.task_ids)
                ) AS unmet
            FROM distributed_tasks AS blocked
            WHERE blocked.status = 'blocked' AND blocked.depends_on && release_dependants.task_ids
        ) AS counted
        WHERE task.task_id = counted.task_id
        RETURNING task.queue, task.status, task.assigned_to_agent_id
    )

    SELECT
        array_agg(DISTINCT released.queue),
        array_agg(DISTINCT released.assigned_to_agent_id) FILTER (WHERE released.assigned_to_agent_id IS NOT NULL)
    INTO queues, agents
    FROM released
    WHERE released.status = 'ready';

    PERFORM notify_workers(queues);
    -- The agent that one was meant for may have gone while it waited.
    IF agents IS NOT NULL THEN
        PERFORM take_back_tasks(agents);
    END IF;
END
$$;

COMMENT ON FUNCTION release_dependants(uuid[]) IS
'Counts finished tasks off what waits for them; what waits for none any more is ready, and idle workers are woken.
complete_tasks() and end_dependants() call it.
Arguments: task_ids, tasks just finished. Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION release_dependants(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION release_dependants(uuid[]) TO service_role;
