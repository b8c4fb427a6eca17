-- The functions an agent calls from its first start on are there.
SELECT
    count(found.name) = count(*) AS ok,
    CASE
        WHEN count(found.name) = count(*) THEN '🚀 Self-upgrading agent infrastructure ready'
        ELSE 'missing functions: ' || string_agg(expected.name, ', ') FILTER (WHERE found.name IS NULL)
    END AS message
FROM
    unnest(ARRAY[
        'register_agent', 'heartbeat', 'heartbeats', 'enqueue_task', 'enqueue_tasks', 'claim_tasks', 'complete_task',
        'complete_tasks'
    ]) AS expected (name)
LEFT JOIN (
    SELECT DISTINCT proname::text AS name
    FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
) AS found ON expected.name = found.name;
