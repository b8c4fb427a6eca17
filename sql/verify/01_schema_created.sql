-- The seven tables are there, none is missing.
SELECT
    count(found.table_name) = count(*) AS ok,
    CASE
        WHEN count(found.table_name) = count(*)
            THEN '✅ Distributed Agent Ecosystem Schema successfully created!'
        ELSE
            'missing tables: '
            || string_agg(expected.table_name, ', ' ORDER BY expected.nth) FILTER (WHERE found.table_name IS NULL)
    END AS message
FROM
    unnest(ARRAY[
        'agent_registry', 'agent_hierarchy', 'agent_versions', 'realtime_channels', 'distributed_tasks',
        'agent_communication_logs', 'agent_performance_history'
    ]) WITH ORDINALITY AS expected (table_name, nth)
LEFT JOIN information_schema.tables AS found
    ON expected.table_name = found.table_name AND found.table_schema = current_schema();
