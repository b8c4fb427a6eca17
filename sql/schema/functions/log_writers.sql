-- Whoever inserts holds this lock from before its log_id is drawn until its transaction has ended.
CREATE FUNCTION log_writers() RETURNS text[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT held.virtualtransaction
        FROM pg_locks AS held
        WHERE held.locktype = 'relation'
            AND held.database = (SELECT pg_database.oid FROM pg_database WHERE pg_database.datname = current_database())
            AND held.relation = 'agent_communication_logs'::regclass
            AND held.mode = 'RowExclusiveLock'
            AND held.granted
            AND held.pid IS DISTINCT FROM pg_backend_pid()
    );
END
$$;

COMMENT ON FUNCTION log_writers() IS
'The transactions, this one apart, that may have written entries of agent_communication_logs nobody sees yet; seal() asks.
Arguments: none. Result: their virtual transaction ids.
Errors: none.';

REVOKE EXECUTE ON FUNCTION log_writers() FROM public;
