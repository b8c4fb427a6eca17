CREATE FUNCTION reclaim_expired(max_tasks integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    expired_ids uuid[];
BEGIN
    expired_ids := ARRAY(
        SELECT expired.task_id
        FROM distributed_tasks AS expired
        WHERE expired.status = 'leased' AND expired.lease_expires_at < moment
        ORDER BY expired.lease_expires_at
        LIMIT reclaim_expired.max_tasks
        FOR NO KEY UPDATE SKIP LOCKED
    );
    IF expired_ids = '{}' THEN
        RETURN 0;
    END IF;
    RETURN return_leases(expired_ids, 'lease_expired');
END
$$;

COMMENT ON FUNCTION reclaim_expired(integer) IS
'Takes back tasks whose lease has expired: they are ready again, or dead letters once their attempts are used up, and what
waits for those is cancelled or released, as its on_dependency_failure says.
Arguments: max_tasks, how many to take back at most. Result: how many became ready.
Errors: none.';

REVOKE EXECUTE ON FUNCTION reclaim_expired(integer) FROM public;
GRANT EXECUTE ON FUNCTION reclaim_expired(integer) TO service_role;
