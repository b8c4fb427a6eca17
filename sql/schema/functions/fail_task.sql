CREATE FUNCTION fail_task(
    agent_id text,
    task_id uuid,
    fencing_token bigint,
    error text DEFAULT NULL,
    retry boolean DEFAULT TRUE
)
RETURNS task_status
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT failed.status
        FROM fail_tasks(
            fail_task.agent_id, ARRAY[fail_task.task_id], ARRAY[fail_task.fencing_token], ARRAY[fail_task.error],
            fail_task.retry
        ) AS failed
    );
END
$$;

COMMENT ON FUNCTION fail_task(text, uuid, bigint, text, boolean) IS
'Ends the attempt at one task an agent holds; fail_tasks() takes many at once.
Arguments: agent_id, task_id, fencing_token as claim_tasks() gave it, error in words, retry: false makes it a dead letter at once.
Result: ready (it is tried again) or dead_letter.
Errors: as fail_tasks().';

REVOKE EXECUTE ON FUNCTION fail_task(text, uuid, bigint, text, boolean) FROM public;
GRANT EXECUTE ON FUNCTION fail_task(text, uuid, bigint, text, boolean) TO agent, orchestrator, service_role;
