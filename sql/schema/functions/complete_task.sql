CREATE FUNCTION complete_task(agent_id text, task_id uuid, fencing_token bigint, result jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM complete_tasks(
        complete_task.agent_id, ARRAY[complete_task.task_id], ARRAY[complete_task.fencing_token],
        ARRAY[complete_task.result]
    );
END
$$;

COMMENT ON FUNCTION complete_task(text, uuid, bigint, jsonb) IS
'Ends one task an agent holds as succeeded; complete_tasks() takes many at once.
Arguments: agent_id, task_id, fencing_token as claim_tasks() gave it, result.
Result: nothing.
Errors: as complete_tasks().';

REVOKE EXECUTE ON FUNCTION complete_task(text, uuid, bigint, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION complete_task(text, uuid, bigint, jsonb) TO agent, orchestrator, service_role;
