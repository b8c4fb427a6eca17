CREATE FUNCTION delegate_task(
    task_id uuid,
    to_agent_id text,
    fencing_token bigint DEFAULT NULL,
    agent_id text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM delegate_tasks(
        ARRAY[delegate_task.task_id], delegate_task.to_agent_id, ARRAY[delegate_task.fencing_token],
        delegate_task.agent_id
    );
END
$$;

COMMENT ON FUNCTION delegate_task(uuid, text, bigint, text) IS
'Passes one task on to another agent; delegate_tasks() takes many at once.
Arguments: task_id, to_agent_id, fencing_token if it is held, agent_id: on whose behalf; by default the session''s own agent, or
the service. Result: nothing.
Errors: as delegate_tasks().';

REVOKE EXECUTE ON FUNCTION delegate_task(uuid, text, bigint, text) FROM public;
GRANT EXECUTE ON FUNCTION delegate_task(uuid, text, bigint, text) TO agent, orchestrator, service_role;
