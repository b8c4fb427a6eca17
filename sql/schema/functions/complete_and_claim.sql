CREATE FUNCTION complete_and_claim(
    agent_id text,
    task_ids uuid[],
    fencing_tokens bigint[],
    results jsonb[] DEFAULT NULL,
    max_tasks integer DEFAULT 1,
    lease interval DEFAULT '5 minutes'
)
RETURNS TABLE (
    task_id uuid,
    fencing_token bigint,
    task_type text,
    payload jsonb,
    priority smallint,
    attempt integer,
    lease_expires_at timestamptz,
    correlation_id uuid
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF complete_and_claim.task_ids IS DISTINCT FROM '{}' THEN
        PERFORM complete_tasks(
            complete_and_claim.agent_id, complete_and_claim.task_ids, complete_and_claim.fencing_tokens,
            complete_and_claim.results
        );
    END IF;
    RETURN QUERY
    SELECT * FROM claim_tasks(complete_and_claim.agent_id, complete_and_claim.max_tasks, complete_and_claim.lease);
END
$$;

COMMENT ON FUNCTION complete_and_claim(text, uuid[], bigint[], jsonb[], integer, interval) IS
'complete_tasks() and then claim_tasks(), in one round trip and one commit: a worker''s loop in one call. Both or neither: a
worker that drains, or is offline, completes with complete_tasks().
Arguments: agent_id; task_ids (an empty array at first: there is nothing to complete), fencing_tokens, results as
complete_tasks() takes them; max_tasks and lease as claim_tasks() takes them.
Result: as claim_tasks().
Errors: as complete_tasks() and claim_tasks().';

REVOKE EXECUTE ON FUNCTION complete_and_claim(text, uuid[], bigint[], jsonb[], integer, interval) FROM public;
GRANT EXECUTE ON FUNCTION complete_and_claim(text, uuid[], bigint[], jsonb[], integer, interval)
TO agent, orchestrator, service_role;
