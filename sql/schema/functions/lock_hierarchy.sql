CREATE FUNCTION lock_hierarchy() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    -- One change of the hierarchy at a time, and each looks after it got its turn: two halves of a cycle cannot both
    -- pass. A snapshot taken before the turn would not show the other half (serializable would, by failing).
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        RAISE EXCEPTION 'agent_hierarchy cannot be changed at isolation level repeatable read'
            USING ERRCODE = 'AE202',
                DETAIL = 'The check for cycles would not see what others have committed meanwhile.',
                HINT = 'Use read committed or serializable.';
    END IF;
    PERFORM pg_advisory_xact_lock('agent_hierarchy'::regclass::bigint);
END
$$;

COMMENT ON FUNCTION lock_hierarchy() IS
'Waits for the turn to change agent_hierarchy, and keeps it until the transaction ends; whatever moves an agent calls it first.
Arguments: none. Result: nothing.
Errors: AE202 the isolation level does not allow it.';

REVOKE EXECUTE ON FUNCTION lock_hierarchy() FROM public;
GRANT EXECUTE ON FUNCTION lock_hierarchy() TO service_role;
