CREATE FUNCTION realtime_tables() RETURNS SETOF regclass
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT given.name::regclass
    FROM unnest(
        '{agent_registry,agent_hierarchy,agent_versions,realtime_channels,distributed_tasks,'
        'agent_communication_logs,agent_performance_history}'::text[]
    ) AS given (name);
END
$$;

COMMENT ON FUNCTION realtime_tables() IS
'The tables that connect_realtime() publishes, and disconnect_realtime() takes back.
Arguments: none. Result: the tables.
Errors: none.';

REVOKE EXECUTE ON FUNCTION realtime_tables() FROM public;
