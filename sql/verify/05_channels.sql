-- The eight default channels, by name.
SELECT
    count(found.channel_name) = count(*) AS ok,
    CASE
        WHEN count(found.channel_name) = count(*)
            THEN format('📡 Channels: %s default realtime channels configured', count(*))
        ELSE
            'missing channels: '
            || string_agg(expected.channel_name, ', ') FILTER (WHERE found.channel_name IS NULL)
    END AS message
FROM
    unnest(ARRAY[
        'agents.discovery', 'agents.heartbeat', 'tasks.distribution', 'system.health',
        'agents.orchestrator', 'agents.executor', 'agents.indexing', 'agents.research'
    ]) AS expected (channel_name)
LEFT JOIN realtime_channels AS found ON expected.channel_name = found.channel_name;
