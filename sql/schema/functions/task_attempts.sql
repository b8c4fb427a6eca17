CREATE FUNCTION task_attempts(task_id uuid)
RETURNS TABLE (
    attempt integer,
    agent_id text,
    leased_at timestamptz,
    ended_at timestamptz,
    outcome text,
    error text
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT past.attempt, past.agent_id, past.leased_at, past.ended_at, past.outcome, past.error
    FROM distributed_tasks AS task
    CROSS JOIN LATERAL jsonb_array_elements(task.attempt_history) AS one (entry)
    CROSS JOIN LATERAL jsonb_to_record(one.entry) AS past (
        attempt integer, agent_id text, leased_at timestamptz, ended_at timestamptz, outcome text, error text
    )
    WHERE task.task_id = task_attempts.task_id
    UNION ALL
    SELECT task.attempt, task.assigned_to_agent_id, task.leased_at, task.finished_at, task.status::text, NULL
    FROM distributed_tasks AS task
    WHERE task.task_id = task_attempts.task_id AND task.status IN ('leased', 'succeeded')
    ORDER BY leased_at;
END
$$;

COMMENT ON FUNCTION task_attempts(uuid) IS
'Every attempt at a task, oldest first: those that failed, and the one that runs or succeeded.
Arguments: task_id.
Result: a row an attempt: attempt, agent_id, leased_at, ended_at (NULL while it runs), outcome (failed, lease_expired,
agent_offline, agent_deregistered, delegated, cancelled, leased, succeeded), error; no rows for a task that the caller may not see.
Errors: none.';

REVOKE EXECUTE ON FUNCTION task_attempts(uuid) FROM public;
GRANT EXECUTE ON FUNCTION task_attempts(uuid) TO agent, orchestrator, observer, service_role;
