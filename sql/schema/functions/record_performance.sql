CREATE FUNCTION record_performance(samples jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    most CONSTANT integer := 10000;
    keys CONSTANT text[] := '{agent_id,recorded_at,tasks_succeeded,tasks_failed,latency_p50_ms,latency_p95_ms,latency_max_ms,'
        'cpu_percent,memory_bytes,active_tasks,metrics}';
    wrong record;
    recorded bigint;
BEGIN
    IF jsonb_typeof(record_performance.samples) IS DISTINCT FROM 'array'
        OR jsonb_array_length(record_performance.samples) NOT BETWEEN 1 AND most THEN
        RAISE EXCEPTION 'samples must be a JSON array of 1 to % objects', most
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s.', coalesce(jsonb_typeof(record_performance.samples), 'NULL')),
                HINT = 'Send larger batches in parts.';
    END IF;
    SELECT one.nth, fault.reason
    INTO wrong
    FROM jsonb_array_elements(record_performance.samples) WITH ORDINALITY AS one (sample, nth)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN jsonb_typeof(one.sample) <> 'object' THEN 'it is no object'
            WHEN one.sample - keys <> '{}' THEN 'unknown key ' || (one.sample - keys)::text
            WHEN coalesce(one.sample ->> 'agent_id', '') = '' THEN 'it has no agent_id'
            WHEN (one.sample ->> 'recorded_at')::timestamptz > now() + interval '5 minutes' THEN 'recorded_at is in the future'
        END AS reason
    ) AS fault
    WHERE fault.reason IS NOT NULL
    ORDER BY one.nth
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'sample % of the batch is malformed: %', wrong.nth, wrong.reason
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s', left((record_performance.samples -> (wrong.nth - 1)::integer)::text, 500)),
                HINT = 'The keys are: ' || array_to_string(keys, ', ') || '.';
    END IF;
    PERFORM authorise_agent(measured.agent_id)
    FROM (
        SELECT DISTINCT one.sample ->> 'agent_id' AS agent_id
        FROM jsonb_array_elements(record_performance.samples) AS one (sample)
    ) AS measured;

    -- What is sent again is there already.
    INSERT INTO agent_performance_history (
        agent_id, recorded_at, agent_class, agent_version, tasks_succeeded, tasks_failed, latency_p50_ms, latency_p95_ms,
        latency_max_ms, cpu_percent, memory_bytes, active_tasks, metrics
    )
    SELECT
        given.agent_id, coalesce(given.recorded_at, clock_timestamp()), agent.agent_class, agent.current_version,
        coalesce(given.tasks_succeeded, 0), coalesce(given.tasks_failed, 0), given.latency_p50_ms, given.latency_p95_ms,
        given.latency_max_ms, given.cpu_percent, given.memory_bytes, given.active_tasks, coalesce(given.metrics, '{}')
    FROM jsonb_to_recordset(record_performance.samples) AS given (
        agent_id text, recorded_at timestamptz, tasks_succeeded integer, tasks_failed integer, latency_p50_ms real,
        latency_p95_ms real, latency_max_ms real, cpu_percent real, memory_bytes bigint, active_tasks integer, metrics jsonb
    )
    INNER JOIN agent_registry AS agent ON given.agent_id = agent.agent_id
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS recorded = ROW_COUNT;

    -- Without a rollout that is watched this is one look-up, and the samples are not read again.
    IF EXISTS (
        SELECT FROM agent_versions AS release
        WHERE release.rollout_state = 'running' AND release.health_gate <> '{}'
    ) THEN
        PERFORM
        FROM agent_versions AS release
        INNER JOIN agent_registry AS agent
            ON release.agent_class = agent.agent_class AND release.version = agent.current_version
        INNER JOIN jsonb_to_recordset(record_performance.samples) AS given (
            agent_id text, tasks_failed integer, latency_p95_ms real
        ) ON agent.agent_id = given.agent_id
        WHERE release.rollout_state = 'running' AND release.health_gate <> '{}'
            AND (
                given.tasks_failed > 0
                OR given.latency_p95_ms > (release.health_gate ->> 'max_latency_p95_ms')::numeric
            )
        LIMIT 1;
        IF FOUND THEN
            PERFORM check_rollouts();
        END IF;
    END IF;
    RETURN recorded;
END
$$;

COMMENT ON FUNCTION record_performance(jsonb) IS
'Records how agents do, many samples in one call: all of them or none. A sample that is sent again counts once. Samples of a release
that is being rolled out are held against its health gate at once: a bad one is rolled back by itself.
Arguments: samples, an array of 1 to 10000 objects: agent_id, and what there is of recorded_at (now), tasks_succeeded and
tasks_failed since the sample before, latency_p50_ms, latency_p95_ms, latency_max_ms, cpu_percent, memory_bytes, active_tasks,
metrics (an object). Class and version are the registry''s.
Result: how many were recorded.
Errors: AE001 a sample is malformed, AE002 no such agent, AE003 not this session''s agent, AE004 the agent is deregistered.';

REVOKE EXECUTE ON FUNCTION record_performance(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION record_performance(jsonb) TO agent, orchestrator, service_role;
