CREATE FUNCTION renew_lease(
    agent_id text,
    task_id uuid,
    fencing_token bigint,
    lease interval DEFAULT '5 minutes',
    progress jsonb DEFAULT NULL
)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    renewed_until timestamptz;
BEGIN
    SELECT renewed.lease_expires_at
    INTO renewed_until
    FROM renew_leases(
        renew_lease.agent_id, ARRAY[renew_lease.task_id], ARRAY[renew_lease.fencing_token], renew_lease.lease,
        ARRAY[renew_lease.progress]
    ) AS renewed;
    IF NOT FOUND THEN
        PERFORM refuse_unheld(renew_lease.agent_id, ARRAY[renew_lease.task_id], '{}');
    END IF;
    RETURN renewed_until;
END
$$;

COMMENT ON FUNCTION renew_lease(text, uuid, bigint, interval, jsonb) IS
'Gives an agent more time for one task it holds, and notes how far it is; renew_leases() takes many at once.
Arguments: agent_id, task_id, fencing_token as claim_tasks() gave it, lease (1 second to 1 day) from now on, progress.
Result: when the lease runs out now.
Errors: as renew_leases(), and AE103 the agent does not hold the task any more.';

REVOKE EXECUTE ON FUNCTION renew_lease(text, uuid, bigint, interval, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION renew_lease(text, uuid, bigint, interval, jsonb) TO agent, orchestrator, service_role;
