CREATE FUNCTION prune_tasks(
    retention interval DEFAULT '30 days',
    dead_letter_retention interval DEFAULT '90 days',
    max_tasks integer DEFAULT 10000
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    pruned integer;
BEGIN
    IF (
        prune_tasks.retention >= '0'
        AND prune_tasks.dead_letter_retention >= prune_tasks.retention
        AND prune_tasks.max_tasks >= 1
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'tasks cannot be pruned like this'
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: retention %s, dead_letter_retention %s, max_tasks %s.', prune_tasks.retention,
                    prune_tasks.dead_letter_retention, prune_tasks.max_tasks
                ),
                HINT = 'retention is 0 or more, dead letters stay at least as long, and max_tasks is 1 or more.';
    END IF;

    -- What was finished before then was made before then: created_at has the index. What a blocked task names stays: were its
    -- task_id used again, the new task's end would be counted off a second time.
    DELETE FROM distributed_tasks
    WHERE distributed_tasks.task_id = ANY (ARRAY(
        SELECT old.task_id
        FROM distributed_tasks AS old
        WHERE old.created_at < moment - prune_tasks.retention
            AND old.finished_at < moment - CASE
                WHEN old.status = 'dead_letter' THEN prune_tasks.dead_letter_retention
                ELSE prune_tasks.retention
            END
            AND NOT EXISTS (
                SELECT FROM distributed_tasks AS blocked
                WHERE blocked.status = 'blocked' AND blocked.depends_on @> ARRAY[old.task_id]
            )
        LIMIT prune_tasks.max_tasks
        FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;

COMMENT ON FUNCTION prune_tasks(interval, interval, integer) IS
'Deletes tasks that were finished long ago, dead letters later than others. A task that is deleted cannot be depended on any
more, and its idempotency_key is free again; one that a blocked task depends on stays. Call it from time to time, again while it returns max_tasks.
Arguments: retention, how long succeeded and cancelled tasks stay; dead_letter_retention, how long dead letters do; max_tasks, how
many to delete at most. Result: how many were deleted.
Errors: AE001 an argument is out of range.';

REVOKE EXECUTE ON FUNCTION prune_tasks(interval, interval, integer) FROM public;
GRANT EXECUTE ON FUNCTION prune_tasks(interval, interval, integer) TO service_role;
