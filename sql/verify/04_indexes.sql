-- Valid indexes of the seven tables that no constraint brings along. Those of partitions are their parents'.
SELECT
    count(*) >= 15 AS ok,
    CASE
        WHEN count(*) >= 15 THEN format('⚡ Indexes: %s performance indexes created', count(*))
        ELSE format('only %s performance indexes, expected 15 or more', count(*))
    END AS message
FROM pg_index
INNER JOIN pg_class AS indexed ON pg_index.indrelid = indexed.oid
WHERE
    indexed.relnamespace = current_schema()::regnamespace
    AND indexed.relname IN (
        'agent_registry', 'agent_hierarchy', 'agent_versions', 'realtime_channels', 'distributed_tasks',
        'agent_communication_logs', 'agent_performance_history'
    )
    AND pg_index.indisvalid
    AND NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE pg_constraint.conindid = pg_index.indexrelid
    );
