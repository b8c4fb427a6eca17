CREATE FUNCTION return_leases(task_ids uuid[], outcome text) RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    returned integer;
    dead uuid[];
    queues text[];
BEGIN
    WITH returning_tasks AS (
        UPDATE distributed_tasks AS task SET
            status = CASE WHEN task.attempt < task.max_attempts THEN 'ready' ELSE 'dead_letter' END::task_status,
            finished_at = CASE WHEN task.attempt >= task.max_attempts THEN moment END,
            assigned_to_agent_id = CASE
                WHEN task.delegation_strategy IN ('direct', 'broadcast') OR task.attempt >= task.max_attempts
                    THEN task.assigned_to_agent_id
            END,
            lease_expires_at = NULL,
            last_error = replace(return_leases.outcome, '_', ' '),
            attempt_history = task.attempt_history || jsonb_build_object(
                'attempt', task.attempt,
                'agent_id', task.assigned_to_agent_id,
                'leased_at', task.leased_at,
                'ended_at', moment,
                'outcome', return_leases.outcome
            )
        WHERE task.task_id = ANY (return_leases.task_ids) AND task.status = 'leased'
        RETURNING task.task_id, task.status, task.queue
    )

    SELECT
        count(*) FILTER (WHERE returning_tasks.status = 'ready'),
        array_agg(returning_tasks.task_id) FILTER (WHERE returning_tasks.status = 'dead_letter'),
        array_agg(DISTINCT returning_tasks.queue) FILTER (WHERE returning_tasks.status = 'ready')
    INTO returned, dead, queues
    FROM returning_tasks;

    PERFORM notify_workers(queues);
    IF dead IS NOT NULL THEN
        PERFORM end_dependants(dead);
    END IF;
    RETURN returned;
END
$$;

COMMENT ON FUNCTION return_leases(uuid[], text) IS
'Takes tasks back from who holds them: they are ready again, or dead letters once their attempts are used up.
reclaim_expired() and take_back_tasks() call it, with the tasks locked.
Arguments: task_ids, outcome: what attempt_history says of the attempt, e.g. lease_expired. Result: how many became ready.
Errors: none.';

REVOKE EXECUTE ON FUNCTION return_leases(uuid[], text) FROM public;
GRANT EXECUTE ON FUNCTION return_leases(uuid[], text) TO service_role;
