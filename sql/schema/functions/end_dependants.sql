CREATE FUNCTION end_dependants(task_ids uuid[]) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    ended uuid[] := end_dependants.task_ids;
    cancelled uuid[];
BEGIN
    -- All that is going to change, at whatever distance, is locked in one order before any of it does.
    PERFORM
    FROM distributed_tasks
    WHERE distributed_tasks.task_id = ANY (ARRAY(
        WITH RECURSIVE doomed AS (
            SELECT
                one.id,
                'cancel'::dependency_failure_policy AS on_failure
            FROM unnest(end_dependants.task_ids) AS one (id)
            UNION
            SELECT
                blocked.task_id,
                blocked.on_dependency_failure
            FROM doomed
            INNER JOIN distributed_tasks AS blocked
                ON blocked.status = 'blocked' AND blocked.depends_on @> ARRAY[doomed.id]
            WHERE doomed.on_failure = 'cancel'
        )

        SELECT doomed.id
        FROM doomed
        WHERE doomed.id <> ALL (end_dependants.task_ids)
    ))
    ORDER BY distributed_tasks.task_id
    FOR NO KEY UPDATE;

    LOOP
        WITH following AS (
            UPDATE distributed_tasks AS task SET
                status = 'cancelled',
                finished_at = clock_timestamp(),
                last_error = format(
                    'task %s, which it depends on, did not succeed',
                    (SELECT min(need::text) FROM unnest(task.depends_on) AS need WHERE need = ANY (ended))
                )
            WHERE task.status = 'blocked' AND task.depends_on && ended AND task.on_dependency_failure = 'cancel'
            RETURNING task.task_id
        )

        SELECT coalesce(array_agg(following.task_id), '{}')
        INTO cancelled
        FROM following;

        PERFORM release_dependants(ended);
        EXIT WHEN cancelled = '{}';
        ended := cancelled;
    END LOOP;
END
$$;

COMMENT ON FUNCTION end_dependants(uuid[]) IS
'Does to what waits for tasks that did not succeed what it wants for that case (on_dependency_failure): it is cancelled, and
so on to what waits for it, or counts them off like finished ones. fail_tasks(), cancel_tasks() and return_leases() call it.
Arguments: task_ids, tasks that just became dead letters or were cancelled. Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION end_dependants(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION end_dependants(uuid[]) TO service_role;
