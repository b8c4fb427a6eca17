CREATE FUNCTION cancel_task(task_id uuid, reason text DEFAULT NULL, agent_id text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM cancel_tasks(ARRAY[cancel_task.task_id], cancel_task.reason, cancel_task.agent_id);
END
$$;

COMMENT ON FUNCTION cancel_task(uuid, text, text) IS
'Cancels one task; cancel_tasks() takes many at once.
Arguments: task_id, reason, agent_id: on whose behalf; by default the session''s own agent, or the service. Result: nothing.
Errors: as cancel_tasks().';

REVOKE EXECUTE ON FUNCTION cancel_task(uuid, text, text) FROM public;
GRANT EXECUTE ON FUNCTION cancel_task(uuid, text, text) TO agent, orchestrator, service_role;
