-- The five initial versions, by class and number.
SELECT
    count(found.version) = count(*) AS ok,
    CASE
        WHEN count(found.version) = count(*) THEN format('📦 Versions: %s initial agent versions added', count(*))
        ELSE
            'missing versions: '
            || string_agg(expected.agent_class || ' ' || expected.version, ', ') FILTER (WHERE found.version IS NULL)
    END AS message
FROM (
    VALUES
    ('test-system', '1.0.0'), ('orchestrator', '2.1.0'), ('executor', '1.8.3'), ('indexing', '1.7.1'),
    ('research', '1.9.0')
) AS expected (agent_class, version)
LEFT JOIN agent_versions AS found
    ON expected.agent_class = found.agent_class AND expected.version = found.version;
