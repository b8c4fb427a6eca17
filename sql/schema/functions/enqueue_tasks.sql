CREATE FUNCTION enqueue_tasks(tasks jsonb, agent_id text DEFAULT NULL)
RETURNS TABLE (task_id uuid, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    creator CONSTANT text := acting_agent_id(enqueue_tasks.agent_id);
    batch jsonb := enqueue_tasks.tasks;
    depends boolean;
    met uuid[] := '{}';
    new_ids uuid[];
    added_ids uuid[];
    queues text[];
BEGIN
    PERFORM check_tasks(batch);
    depends := batch @? '$[*].depends_on[*]';
    IF depends THEN
        met := lock_dependencies(batch, creator);
    END IF;
    IF batch @? '$[*].delegation_strategy ? (@ == "least_loaded" || @ == "round_robin" || @ == "broadcast")' THEN
        batch := assign_tasks(batch);
    END IF;
    new_ids := ARRAY(
        SELECT coalesce((one.task ->> 'task_id')::uuid, gen_random_uuid())
        FROM jsonb_array_elements(batch) WITH ORDINALITY AS one (task, nth)
        ORDER BY one.nth
    );

    WITH added_tasks AS (
        INSERT INTO distributed_tasks (
            task_id, task_type, payload, priority, run_at, required_agent_class, required_capabilities,
            agent_version_range, delegation_strategy, assigned_to_agent_id, depends_on,
            unmet_dependencies, status, on_dependency_failure, max_attempts, retry_backoff, idempotency_key,
            correlation_id, parent_task_id, created_by_agent_id
        )
        SELECT
            new_ids[one.nth],
            given.task_type,
            coalesce(given.payload, '{}'),
            coalesce(given.priority, 0),
            coalesce(given.run_at, now()),
            given.required_agent_class,
            coalesce(given.required_capabilities, '{}'),
            given.agent_version_range,
            coalesce(given.delegation_strategy, 'capability'),
            given.assigned_to_agent_id,
            needs.ids,
            needs.unmet,
            CASE WHEN needs.unmet > 0 THEN 'blocked' ELSE 'ready' END::task_status,
            coalesce(given.on_dependency_failure, 'cancel'),
            coalesce(given.max_attempts, 5),
            coalesce(given.retry_backoff, '10 seconds'),
            given.idempotency_key,
            given.correlation_id,
            given.parent_task_id,
            creator
        FROM jsonb_array_elements(batch) WITH ORDINALITY AS one (task, nth)
        CROSS JOIN LATERAL jsonb_to_record(one.task) AS given (
            task_type text, payload jsonb, priority smallint, run_at timestamptz,
            required_agent_class text, required_capabilities text[], agent_version_range text,
            delegation_strategy delegation_strategy, assigned_to_agent_id text,
            depends_on uuid[], on_dependency_failure dependency_failure_policy,
            max_attempts integer, retry_backoff interval,
            idempotency_key text, correlation_id uuid, parent_task_id uuid
        )
        CROSS JOIN LATERAL (
            SELECT
                coalesce(array_agg(DISTINCT need), '{}') AS ids,
                (count(DISTINCT need) FILTER (WHERE need <> ALL (met)))::integer AS unmet
            FROM unnest(given.depends_on) AS need
        ) AS needs
        ORDER BY one.nth
        ON CONFLICT (idempotency_key, created_by_agent_id) WHERE idempotency_key IS NOT NULL DO NOTHING
        RETURNING task_id, queue, status, run_at
    )

    SELECT
        coalesce(array_agg(added_tasks.task_id), '{}'),
        array_agg(DISTINCT added_tasks.queue) FILTER (WHERE added_tasks.status = 'ready' AND added_tasks.run_at <= now())
    INTO added_ids, queues
    FROM added_tasks;

    PERFORM notify_workers(queues);
    IF cardinality(added_ids) = cardinality(new_ids) THEN
        RETURN QUERY SELECT new_id, TRUE FROM unnest(new_ids) AS new_id;
        RETURN;
    END IF;

    IF depends THEN
        PERFORM check_dependencies_exist(added_ids);
    END IF;
    RETURN QUERY
    SELECT coalesce(known.task_id, new_ids[one.nth]), added.id IS NOT NULL
    FROM jsonb_array_elements(batch) WITH ORDINALITY AS one (task, nth)
    LEFT JOIN unnest(added_ids) AS added (id) ON added.id = new_ids[one.nth]
    LEFT JOIN distributed_tasks AS known
        ON known.idempotency_key = one.task ->> 'idempotency_key'
            AND known.created_by_agent_id IS NOT DISTINCT FROM creator
    ORDER BY one.nth;
END
$$;

COMMENT ON FUNCTION enqueue_tasks(jsonb, text) IS
'Enqueues a batch of tasks, all or none. Under an idempotency_key that its creator has used before, a task is not made again.
Idle workers are woken.
Arguments: tasks, a JSON array of up to 10000 objects, each with task_type and any of: task_id, payload, priority, run_at,
required_agent_class, required_capabilities, agent_version_range, delegation_strategy (capability; direct, with
assigned_to_agent_id; least_loaded; round_robin; broadcast, without task_id), depends_on (tasks that exist or come earlier in
the batch), on_dependency_failure, max_attempts, retry_backoff, idempotency_key, correlation_id, parent_task_id: the columns of
distributed_tasks. agent_id: on whose behalf; by default the session''s own agent, or the service.
Result: a row a task, in the order given: task_id, is_new (false: the key had been used, task_id is the first one''s). A
broadcast has a row for each agent that is online and fits, in the order of their agent_ids, and a key for each.
Errors: AE001 a task is malformed, AE002 no such agent, AE003 not this session''s agent, AE004 the agent is deregistered,
AE101 a dependency does not exist or cannot succeed any more, AE102 a dependency comes later in the batch, AE105 no agent that is
online fits a broadcast; 22xxx and 23xxx, PostgreSQL''s own, for a value of a wrong type or out of range and for a task_id that
is taken.';

REVOKE EXECUTE ON FUNCTION enqueue_tasks(jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION enqueue_tasks(jsonb, text) TO agent, orchestrator, service_role;
