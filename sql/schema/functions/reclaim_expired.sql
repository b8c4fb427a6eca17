CREATE FUNCTION reclaim_expired(max_tasks integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    returned integer;
BEGIN
    WITH returning_tasks AS (
        UPDATE distributed_tasks AS task SET
            status = CASE WHEN task.attempt < task.max_attempts THEN 'ready' ELSE 'dead_letter' END::task_status,
            finished_at = CASE WHEN task.attempt >= task.max_attempts THEN moment END,
            assigned_to_agent_id = CASE
                WHEN task.delegation_strategy = 'direct' OR task.attempt >= task.max_attempts
                    THEN task.assigned_to_agent_id
            END,
            lease_expires_at = NULL,
            last_error = 'lease expired',
            attempt_history = task.attempt_history || jsonb_build_object(
                'attempt', task.attempt,
                'agent_id', task.assigned_to_agent_id,
                'leased_at', task.leased_at,
                'ended_at', moment,
                'outcome', 'lease_expired'
            )
        WHERE task.task_id = ANY (ARRAY(
            SELECT expired.task_id
            FROM distributed_tasks AS expired
            WHERE expired.status = 'leased' AND expired.lease_expires_at < moment
            ORDER BY expired.lease_expires_at
            LIMIT reclaim_expired.max_tasks
            FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING task.status
    )

    SELECT count(*) FILTER (WHERE returning_tasks.status = 'ready')
    INTO returned
    FROM returning_tasks;
    RETURN returned;
END
$$;

COMMENT ON FUNCTION reclaim_expired(integer) IS
'Takes back tasks whose lease has expired: they are ready again, or dead letters once their attempts are used up.
What depends on a dead letter stays blocked.
Arguments: max_tasks, how many to take back at most. Result: how many became ready.
Errors: none.';

REVOKE EXECUTE ON FUNCTION reclaim_expired(integer) FROM public;
GRANT EXECUTE ON FUNCTION reclaim_expired(integer) TO service_role;
