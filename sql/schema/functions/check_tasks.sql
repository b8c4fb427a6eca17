CREATE FUNCTION check_tasks(tasks jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    most CONSTANT integer := 10000;
    keys CONSTANT text[] := ARRAY[
        'task_id', 'task_type', 'payload', 'priority', 'run_at', 'required_agent_class', 'required_capabilities',
        'agent_version_range', 'delegation_strategy', 'assigned_to_agent_id', 'depends_on',
        'on_dependency_failure', 'max_attempts', 'retry_backoff', 'idempotency_key', 'correlation_id', 'parent_task_id'
    ];
    wrong record;
BEGIN
    IF jsonb_typeof(check_tasks.tasks) IS DISTINCT FROM 'array'
        OR jsonb_array_length(check_tasks.tasks) NOT BETWEEN 1 AND most THEN
        RAISE EXCEPTION 'tasks must be a JSON array of 1 to % objects', most
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: %s.',
                    CASE jsonb_typeof(check_tasks.tasks)
                        WHEN 'array' THEN format('an array of %s', jsonb_array_length(check_tasks.tasks))
                        ELSE coalesce(jsonb_typeof(check_tasks.tasks), 'NULL')
                    END
                ),
                HINT = 'Send larger batches in parts.';
    END IF;

    SELECT one.nth, fault.reason
    INTO wrong
    FROM jsonb_array_elements(check_tasks.tasks) WITH ORDINALITY AS one (task, nth)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN jsonb_typeof(one.task) <> 'object' THEN 'it is no object'
            WHEN one.task - keys <> '{}' THEN 'unknown key ' || (one.task - keys)::text
            WHEN coalesce(one.task ->> 'task_type', '') = '' THEN 'it has no task_type'
            WHEN one.task ->> 'delegation_strategy' <> ALL (enum_range(NULL::delegation_strategy)::text[])
                THEN 'delegation_strategy must be one of '
                    || array_to_string(enum_range(NULL::delegation_strategy), ', ')
            WHEN one.task ->> 'delegation_strategy' = 'broadcast' AND one.task ->> 'task_id' IS NOT NULL
                THEN 'a broadcast is many tasks and has no task_id'
            WHEN (one.task ->> 'delegation_strategy' IS NOT DISTINCT FROM 'direct')
                <> (one.task ->> 'assigned_to_agent_id' IS NOT NULL)
                THEN 'delegation_strategy direct and assigned_to_agent_id go together'
            WHEN one.task ->> 'assigned_to_agent_id' IS NOT NULL AND NOT EXISTS (
                SELECT FROM agent_registry
                WHERE agent_registry.agent_id = one.task ->> 'assigned_to_agent_id'
                    AND agent_registry.status <> 'deregistered'
            ) THEN 'there is no agent ' || quote_literal(one.task ->> 'assigned_to_agent_id')
        END AS reason
    ) AS fault
    WHERE fault.reason IS NOT NULL
    ORDER BY one.nth
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'task % of the batch is malformed: %', wrong.nth, wrong.reason
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s', left((check_tasks.tasks -> (wrong.nth - 1)::integer)::text, 500)),
                HINT = 'The keys are: ' || array_to_string(keys, ', ') || '.';
    END IF;
END
$$;

COMMENT ON FUNCTION check_tasks(jsonb) IS
'Refuses a malformed batch of tasks before any of it is enqueued; enqueue_tasks() calls it.
Arguments: tasks, as enqueue_tasks() takes them. Result: nothing.
Errors: AE001 naming the first task that is malformed, counted from 1, and what is wrong with it.';

REVOKE EXECUTE ON FUNCTION check_tasks(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION check_tasks(jsonb) TO service_role;
