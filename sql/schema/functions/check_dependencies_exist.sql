CREATE FUNCTION check_dependencies_exist(task_ids uuid[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    orphan record;
BEGIN
    SELECT waiting.task_id, need.id
    INTO orphan
    FROM distributed_tasks AS waiting
    CROSS JOIN LATERAL unnest(waiting.depends_on) AS need (id)
    WHERE waiting.task_id = ANY (check_dependencies_exist.task_ids)
        AND NOT EXISTS (SELECT FROM distributed_tasks AS known WHERE known.task_id = need.id)
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'task % depends on task %, which was not made', orphan.task_id, orphan.id
            USING ERRCODE = 'AE101',
                DETAIL = 'Its idempotency_key had been used before, by a task with another task_id.',
                HINT = 'Repeat a batch with the same task_ids, and give each of its tasks an idempotency_key or none.';
    END IF;
END
$$;

COMMENT ON FUNCTION check_dependencies_exist(uuid[]) IS
'Refuses tasks that would wait for ever, for one that an idempotency_key kept from being made; enqueue_tasks() calls it.
Arguments: task_ids, tasks just enqueued. Result: nothing.
Errors: AE101 naming a task and the dependency it lacks.';

REVOKE EXECUTE ON FUNCTION check_dependencies_exist(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION check_dependencies_exist(uuid[]) TO service_role;
