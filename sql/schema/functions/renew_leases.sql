CREATE FUNCTION renew_leases(
    agent_id text,
    task_ids uuid[],
    fencing_tokens bigint[],
    lease interval DEFAULT '5 minutes',
    progress jsonb[] DEFAULT NULL
)
RETURNS TABLE (task_id uuid, lease_expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    number CONSTANT integer := coalesce(cardinality(renew_leases.task_ids), 0);
BEGIN
    PERFORM authorise_agent(renew_leases.agent_id);
    IF number = 0
        OR cardinality(renew_leases.fencing_tokens) IS DISTINCT FROM number
        OR cardinality(renew_leases.progress) <> number THEN
        PERFORM refuse_uneven_batch(
            number, cardinality(renew_leases.fencing_tokens), 'progress', cardinality(renew_leases.progress)
        );
    END IF;
    IF coalesce(renew_leases.lease, '0') NOT BETWEEN interval '1 second' AND interval '1 day' THEN
        RAISE EXCEPTION 'leases cannot be renewed like this'
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: lease %s.', renew_leases.lease),
                HINT = 'lease is 1 second to 1 day, from now on.';
    END IF;

    RETURN QUERY
    UPDATE distributed_tasks AS task SET
        lease_expires_at = clock_timestamp() + renew_leases.lease,
        progress = coalesce(given.progress, task.progress)
    FROM (
        SELECT one.task_id, one.fencing_token, one.progress
        FROM unnest(renew_leases.task_ids, renew_leases.fencing_tokens, renew_leases.progress)
            AS one (task_id, fencing_token, progress)
        ORDER BY one.task_id
    ) AS given
    WHERE task.task_id = given.task_id
        AND task.fencing_token = given.fencing_token
        AND task.status = 'leased'
        AND task.assigned_to_agent_id = renew_leases.agent_id
    RETURNING task.task_id, task.lease_expires_at;
END
$$;

COMMENT ON FUNCTION renew_leases(text, uuid[], bigint[], interval, jsonb[]) IS
'Gives an agent more time for tasks it holds, and notes how far it is. A lease that ran out is renewed if nobody took it.
Arguments: agent_id; task_ids and fencing_tokens as claim_tasks() gave them, in the same order; lease (1 second to 1 day),
from now on; progress in the order of task_ids, NULL leaves it as it is.
Result: a row for each task that is still the agent''s: task_id, lease_expires_at. It has lost the others (taken by another
agent, cancelled): it should stop working on them.
Errors: AE001 arrays of different lengths, or lease is out of range, AE002 no such agent, AE003 not this session''s agent,
AE004 it is deregistered.';

REVOKE EXECUTE ON FUNCTION renew_leases(text, uuid[], bigint[], interval, jsonb[]) FROM public;
GRANT EXECUTE ON FUNCTION renew_leases(text, uuid[], bigint[], interval, jsonb[]) TO agent, orchestrator, service_role;
