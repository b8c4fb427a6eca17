CREATE FUNCTION enqueue_task(
    task_type text,
    payload jsonb DEFAULT '{}',
    priority integer DEFAULT 0,
    run_at timestamptz DEFAULT NULL,
    required_agent_class text DEFAULT NULL,
    required_capabilities text[] DEFAULT '{}',
    depends_on uuid[] DEFAULT '{}',
    assigned_to_agent_id text DEFAULT NULL,
    idempotency_key text DEFAULT NULL,
    max_attempts integer DEFAULT 5,
    agent_id text DEFAULT NULL
)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    new_id uuid;
BEGIN
    SELECT enqueued.task_id
    INTO STRICT new_id
    FROM enqueue_tasks(
        jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
            'task_type', enqueue_task.task_type,
            'priority', enqueue_task.priority,
            'run_at', enqueue_task.run_at,
            'required_agent_class', enqueue_task.required_agent_class,
            'required_capabilities', enqueue_task.required_capabilities,
            'depends_on', enqueue_task.depends_on,
            'assigned_to_agent_id', enqueue_task.assigned_to_agent_id,
            'delegation_strategy', CASE WHEN enqueue_task.assigned_to_agent_id IS NOT NULL THEN 'direct' END,
            'idempotency_key', enqueue_task.idempotency_key,
            'max_attempts', enqueue_task.max_attempts
        )) || jsonb_build_object('payload', enqueue_task.payload)),
        enqueue_task.agent_id
    ) AS enqueued;
    RETURN new_id;
END
$$;

COMMENT ON FUNCTION enqueue_task(
    text, jsonb, integer, timestamptz, text, text[], uuid[], text, text, integer, text
) IS
'Enqueues one task; enqueue_tasks() takes many at once, and all that a task can have.
Arguments: task_type, payload, priority (higher runs first), run_at (not before), required_agent_class,
required_capabilities, depends_on (tasks that must succeed before), assigned_to_agent_id (for this agent alone),
idempotency_key, max_attempts; agent_id: on whose behalf, by default the session''s own agent, or the service.
Result: its task_id, or that of the task first enqueued under the same idempotency_key.
Errors: as enqueue_tasks().';

REVOKE EXECUTE ON FUNCTION enqueue_task(
    text, jsonb, integer, timestamptz, text, text[], uuid[], text, text, integer, text
) FROM public;
GRANT EXECUTE ON FUNCTION enqueue_task(
    text, jsonb, integer, timestamptz, text, text[], uuid[], text, text, integer, text
) TO agent, orchestrator, service_role;
