CREATE FUNCTION cancel_tasks(task_ids uuid[], reason text DEFAULT NULL, agent_id text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    cancelled integer;
BEGIN
    PERFORM lock_tasks(cancel_tasks.task_ids, acting_agent_id(cancel_tasks.agent_id));

    UPDATE distributed_tasks AS task SET
        status = 'cancelled',
        finished_at = clock_timestamp(),
        lease_expires_at = NULL,
        last_error = coalesce(cancel_tasks.reason, 'cancelled'),
        attempt_history = CASE
            WHEN task.status = 'leased' THEN task.attempt_history || jsonb_build_object(
                'attempt', task.attempt,
                'agent_id', task.assigned_to_agent_id,
                'leased_at', task.leased_at,
                'ended_at', clock_timestamp(),
                'outcome', 'cancelled'
            )
            ELSE task.attempt_history
        END
    WHERE task.task_id = ANY (cancel_tasks.task_ids);
    GET DIAGNOSTICS cancelled = ROW_COUNT;

    PERFORM end_dependants(cancel_tasks.task_ids);
    RETURN cancelled;
END
$$;

COMMENT ON FUNCTION cancel_tasks(uuid[], text, text) IS
'Cancels tasks that are not finished, all or none; who holds one cannot complete it any more. What waits for them is cancelled
too, or released, as its on_dependency_failure says.
Arguments: task_ids; reason, kept in last_error; agent_id: on whose behalf; by default the session''s own agent, or the service.
Result: how many were cancelled, without those that followed.
Errors: AE001 no tasks given, AE002 no such agent, AE003 not this session''s agent, AE004 the agent is deregistered, AE104 there
is no such task or the agent has no say over it, AE106 one is finished.';

REVOKE EXECUTE ON FUNCTION cancel_tasks(uuid[], text, text) FROM public;
GRANT EXECUTE ON FUNCTION cancel_tasks(uuid[], text, text) TO agent, orchestrator, service_role;
