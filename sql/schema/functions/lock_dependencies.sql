-- A dependency that finishes while the tasks waiting for it are being enqueued would never wake them. So its row is
-- locked until they are committed: whoever completes it waits for that, and then sees them.
CREATE FUNCTION lock_dependencies(tasks jsonb, creator text) RETURNS uuid[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    wrong record;
    met uuid[];
BEGIN
    -- What waits for others comes last: a completion holds the lock of what it completes when it asks for theirs.
    PERFORM
    FROM distributed_tasks
    WHERE distributed_tasks.task_id IN (
        SELECT needed.id::uuid
        FROM jsonb_path_query(lock_dependencies.tasks, '$[*].depends_on[*]') AS found (id_json)
        CROSS JOIN LATERAL (SELECT found.id_json #>> '{}' AS id) AS needed
    )
    ORDER BY distributed_tasks.status = 'blocked', distributed_tasks.task_id
    FOR SHARE;

    -- What is enqueued again is there already, whatever has become of its dependencies since. Materialised, so that each
    -- list is parsed once and joined whole: otherwise it is done over for each task.
    WITH edges AS MATERIALIZED (
        SELECT
            one.nth,
            need.id::uuid AS id,
            coalesce(one.task ->> 'on_dependency_failure', 'cancel') AS on_failure
        FROM jsonb_array_elements(lock_dependencies.tasks) WITH ORDINALITY AS one (task, nth)
        CROSS JOIN LATERAL jsonb_array_elements_text(one.task -> 'depends_on') AS need (id)
        WHERE jsonb_typeof(one.task -> 'depends_on') = 'array'
            AND NOT EXISTS (
                SELECT FROM distributed_tasks AS first
                WHERE first.idempotency_key = one.task ->> 'idempotency_key'
                    AND first.created_by_agent_id IS NOT DISTINCT FROM lock_dependencies.creator
            )
    ),

    batch AS MATERIALIZED (
        SELECT
            one.nth,
            (one.task ->> 'task_id')::uuid AS id
        FROM jsonb_array_elements(lock_dependencies.tasks) WITH ORDINALITY AS one (task, nth)
        WHERE one.task ->> 'task_id' IS NOT NULL
    )

    SELECT
        edges.nth,
        edges.id,
        batch.nth >= edges.nth AS is_later,
        known.status
    INTO wrong
    FROM edges
    LEFT JOIN batch ON edges.id = batch.id
    LEFT JOIN distributed_tasks AS known ON edges.id = known.task_id
    WHERE batch.nth >= edges.nth
        OR (batch.nth IS NULL AND known.task_id IS NULL)
        OR (known.status IN ('dead_letter', 'cancelled') AND edges.on_failure = 'cancel')
    ORDER BY edges.nth
    LIMIT 1;

    IF wrong.is_later THEN
        RAISE EXCEPTION 'task % of the batch depends on task %, which does not come before it', wrong.nth, wrong.id
            USING ERRCODE = 'AE102',
                DETAIL = 'Within a batch, a task depends on earlier ones only: so no dependencies can form a cycle.',
                HINT = 'Order the batch so that dependencies come first; if there is no such order, they form a cycle.';
    ELSIF wrong.status IS NOT NULL THEN
        RAISE EXCEPTION 'task % of the batch depends on task %, which is %', wrong.nth, wrong.id, wrong.status
            USING ERRCODE = 'AE101',
                DETAIL = 'It cannot succeed any more.',
                HINT = 'Set on_dependency_failure to proceed if the task is to run all the same.';
    ELSIF wrong.nth IS NOT NULL THEN
        RAISE EXCEPTION 'task % of the batch depends on task %, which does not exist', wrong.nth, wrong.id
            USING ERRCODE = 'AE101',
                DETAIL = 'It is neither in distributed_tasks nor in the batch.',
                HINT = 'Enqueue what others depend on first, or earlier in the same batch with a task_id of its own.';
    END IF;

    SELECT coalesce(array_agg(distributed_tasks.task_id), '{}')
    INTO met
    FROM distributed_tasks
    WHERE distributed_tasks.status IN ('succeeded', 'dead_letter', 'cancelled')
        AND distributed_tasks.task_id IN (
            SELECT (found.id_json #>> '{}')::uuid
            FROM jsonb_path_query(lock_dependencies.tasks, '$[*].depends_on[*]') AS found (id_json)
        );
    RETURN met;
END
$$;

COMMENT ON FUNCTION lock_dependencies(jsonb, text) IS
'Checks what a batch of tasks depends on, and keeps it from finishing until the batch is committed; enqueue_tasks() calls it.
Arguments: tasks, as enqueue_tasks() takes them; creator, the agent that enqueues them, NULL for the service: what it has
enqueued before under the same idempotency_key is not checked again. Result: the dependencies that need no more waiting for.
Errors: AE101 a dependency does not exist or cannot succeed any more, AE102 one comes later in the batch.';

REVOKE EXECUTE ON FUNCTION lock_dependencies(jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION lock_dependencies(jsonb, text) TO service_role;
