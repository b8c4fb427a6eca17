CREATE FUNCTION fail_tasks(
    agent_id text,
    task_ids uuid[],
    fencing_tokens bigint[],
    errors text[] DEFAULT NULL,
    retry boolean DEFAULT TRUE
)
RETURNS TABLE (task_id uuid, status task_status, run_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    number CONSTANT integer := coalesce(cardinality(fail_tasks.task_ids), 0);
    may_retry CONSTANT boolean := coalesce(fail_tasks.retry, TRUE);
    longest CONSTANT double precision := 86400;
    failed uuid[];
    dead uuid[];
BEGIN
    PERFORM authorise_agent(fail_tasks.agent_id);
    IF number = 0
        OR cardinality(fail_tasks.fencing_tokens) IS DISTINCT FROM number
        OR cardinality(fail_tasks.errors) <> number THEN
        PERFORM refuse_uneven_batch(
            number, cardinality(fail_tasks.fencing_tokens), 'errors', cardinality(fail_tasks.errors)
        );
    END IF;

    -- Between half of the pause and the whole: what failed together does not come back together.
    WITH ended AS (
        UPDATE distributed_tasks AS task SET
            status = CASE
                WHEN may_retry AND task.attempt < task.max_attempts THEN 'ready' ELSE 'dead_letter'
            END::task_status,
            finished_at = CASE
                WHEN may_retry AND task.attempt < task.max_attempts THEN NULL ELSE clock_timestamp()
            END,
            run_at = CASE
                WHEN may_retry AND task.attempt < task.max_attempts
                    THEN clock_timestamp() + make_interval(secs => (0.5 + random() / 2) * least(
                        extract(EPOCH FROM task.retry_backoff) * power(2::double precision, least(task.attempt - 1, 30)),
                        longest
                    ))
                ELSE task.run_at
            END,
            assigned_to_agent_id = CASE
                WHEN NOT may_retry
                    OR task.attempt >= task.max_attempts
                    OR task.delegation_strategy IN ('direct', 'broadcast')
                    THEN task.assigned_to_agent_id
            END,
            lease_expires_at = NULL,
            last_error = given.error,
            attempt_history = task.attempt_history || jsonb_build_object(
                'attempt', task.attempt,
                'agent_id', task.assigned_to_agent_id,
                'leased_at', task.leased_at,
                'ended_at', clock_timestamp(),
                'outcome', 'failed',
                'error', given.error
            )
        FROM (
            SELECT one.task_id, one.fencing_token, coalesce(one.error, 'failed') AS error
            FROM unnest(fail_tasks.task_ids, fail_tasks.fencing_tokens, fail_tasks.errors)
                AS one (task_id, fencing_token, error)
            ORDER BY one.task_id
        ) AS given
        WHERE task.task_id = given.task_id
            AND task.fencing_token = given.fencing_token
            AND task.status = 'leased'
            AND task.assigned_to_agent_id = fail_tasks.agent_id
        RETURNING task.task_id, task.status
    )

    SELECT
        coalesce(array_agg(ended.task_id), '{}'),
        array_agg(ended.task_id) FILTER (WHERE ended.status = 'dead_letter')
    INTO failed, dead
    FROM ended;

    IF cardinality(failed) < number THEN
        PERFORM refuse_unheld(fail_tasks.agent_id, fail_tasks.task_ids, failed);
    END IF;
    IF dead IS NOT NULL THEN
        PERFORM end_dependants(dead);
    END IF;
    RETURN QUERY
    SELECT task.task_id, task.status, task.run_at
    FROM distributed_tasks AS task
    WHERE task.task_id = ANY (failed);
END
$$;

COMMENT ON FUNCTION fail_tasks(text, uuid[], bigint[], text[], boolean) IS
'Ends the attempt at tasks an agent holds, all or none. Each is tried again after a pause that starts at retry_backoff, doubles
with each attempt, is at most a day, and is shortened by chance to no less than half; or it becomes a dead letter, when its
attempts are used up or nobody is to try again, and what waits for it is cancelled or released, as on_dependency_failure says.
Arguments: agent_id; task_ids and fencing_tokens as claim_tasks() gave them, in the same order; errors in that order, in
words; retry: false makes them dead letters at once.
Result: a row a task: task_id, status (ready or dead_letter), run_at (not to be claimed again before).
Errors: AE001 arrays of different lengths, AE002 no such agent, AE003 not this session''s agent, AE004 it is deregistered,
AE103 the agent does not hold one of them any more (DETAIL names which).';

REVOKE EXECUTE ON FUNCTION fail_tasks(text, uuid[], bigint[], text[], boolean) FROM public;
GRANT EXECUTE ON FUNCTION fail_tasks(text, uuid[], bigint[], text[], boolean) TO agent, orchestrator, service_role;
