-- The tables of the schema, by name; a table that was not asked for is no fault, and not named.
SELECT
    count(*) = 7 AS ok,
    '📊 Tables: ' || string_agg(found.table_name, ', ' ORDER BY expected.nth) AS message
FROM
    unnest(ARRAY[
        'agent_registry', 'agent_hierarchy', 'agent_versions', 'realtime_channels', 'distributed_tasks',
        'agent_communication_logs', 'agent_performance_history'
    ]) WITH ORDINALITY AS expected (table_name, nth)
INNER JOIN information_schema.tables AS found
    ON expected.table_name = found.table_name AND found.table_schema = current_schema();
