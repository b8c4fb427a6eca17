CREATE FUNCTION complete_tasks(
    agent_id text,
    task_ids uuid[],
    fencing_tokens bigint[],
    results jsonb[] DEFAULT NULL
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
-- As in claim_tasks().
SET plan_cache_mode = 'force_generic_plan'
SET enable_seqscan = 'off'
AS $$
DECLARE
    number CONSTANT integer := coalesce(cardinality(complete_tasks.task_ids), 0);
    completed uuid[];
BEGIN
    PERFORM authorise_agent(complete_tasks.agent_id);
    IF number = 0
        OR cardinality(complete_tasks.fencing_tokens) IS DISTINCT FROM number
        OR cardinality(complete_tasks.results) <> number THEN
        PERFORM refuse_uneven_batch(
            number, cardinality(complete_tasks.fencing_tokens), 'results', cardinality(complete_tasks.results)
        );
    END IF;

    -- A lease that has expired but was not taken by another still counts: the work is done, and only once.
    WITH done AS (
        UPDATE distributed_tasks AS task SET
            status = 'succeeded',
            result = given.result,
            finished_at = clock_timestamp(),
            lease_expires_at = NULL,
            -- As it is. An UPDATE that no generated column depends on reads their expressions anew for each row.
            assigned_to_agent_id = task.assigned_to_agent_id
        -- Locked in one order, as enqueue_tasks() locks what a batch depends on: neither waits for the other in a ring.
        FROM (
            SELECT one.task_id, one.fencing_token, one.result
            FROM unnest(complete_tasks.task_ids, complete_tasks.fencing_tokens, complete_tasks.results)
                AS one (task_id, fencing_token, result)
            ORDER BY one.task_id
        ) AS given
        WHERE task.task_id = given.task_id
            AND task.fencing_token = given.fencing_token
            AND task.status = 'leased'
            AND task.assigned_to_agent_id = complete_tasks.agent_id
        RETURNING task.task_id
    )

    SELECT coalesce(array_agg(done.task_id), '{}')
    INTO completed
    FROM done;

    IF cardinality(completed) < number THEN
        PERFORM refuse_unheld(complete_tasks.agent_id, complete_tasks.task_ids, completed);
    END IF;

    PERFORM release_dependants(complete_tasks.task_ids);
    RETURN number;
END
$$;

COMMENT ON FUNCTION complete_tasks(text, uuid[], bigint[], jsonb[]) IS
'Ends tasks an agent holds as succeeded, all or none, and makes ready what waited for them alone.
Arguments: agent_id; task_ids and fencing_tokens as claim_tasks() gave them, in the same order; results in that order.
Result: how many were completed.
Errors: AE001 arrays of different lengths, AE002 no such agent, AE003 not this session''s agent, AE004 it is deregistered,
AE103 the agent does not hold one of them any more (DETAIL names which).';

REVOKE EXECUTE ON FUNCTION complete_tasks(text, uuid[], bigint[], jsonb[]) FROM public;
GRANT EXECUTE ON FUNCTION complete_tasks(text, uuid[], bigint[], jsonb[]) TO agent, orchestrator, service_role;
