CREATE FUNCTION roll_up_performance(since timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    present CONSTANT timestamptz := to_timestamp(floor(extract(EPOCH FROM now()) / 3600) * 3600);
    first_hour timestamptz;
    written bigint;
BEGIN
    -- The last hour that was rolled up is done again: samples may have come late.
    first_hour := coalesce(
        roll_up_performance.since,
        (SELECT max(done.recorded_at) FROM agent_performance_history AS done WHERE done.resolution = 'hour'),
        '-infinity'
    );
    INSERT INTO agent_performance_history AS rolled (
        agent_id, recorded_at, resolution, agent_class, agent_version, sample_count, tasks_succeeded, tasks_failed,
        latency_p50_ms, latency_p95_ms, latency_max_ms, cpu_percent, memory_bytes, active_tasks
    )
    SELECT
        sample.agent_id, to_timestamp(floor(extract(EPOCH FROM sample.recorded_at) / 3600) * 3600), 'hour',
        (array_agg(sample.agent_class ORDER BY sample.recorded_at DESC))[1],
        (array_agg(sample.agent_version::text ORDER BY sample.recorded_at DESC))[1],
        sum(sample.sample_count), sum(sample.tasks_succeeded), sum(sample.tasks_failed), avg(sample.latency_p50_ms),
        max(sample.latency_p95_ms), max(sample.latency_max_ms), avg(sample.cpu_percent), max(sample.memory_bytes),
        max(sample.active_tasks)
    FROM agent_performance_history AS sample
    WHERE sample.resolution = 'raw' AND sample.recorded_at < present
        AND sample.recorded_at >= CASE
            WHEN isfinite(first_hour) THEN to_timestamp(floor(extract(EPOCH FROM first_hour) / 3600) * 3600)
            ELSE first_hour
        END
    GROUP BY sample.agent_id, floor(extract(EPOCH FROM sample.recorded_at) / 3600)
    ON CONFLICT (agent_id, recorded_at, resolution) DO UPDATE SET
        agent_class = excluded.agent_class,
        agent_version = excluded.agent_version,
        sample_count = excluded.sample_count,
        tasks_succeeded = excluded.tasks_succeeded,
        tasks_failed = excluded.tasks_failed,
        latency_p50_ms = excluded.latency_p50_ms,
        latency_p95_ms = excluded.latency_p95_ms,
        latency_max_ms = excluded.latency_max_ms,
        cpu_percent = excluded.cpu_percent,
        memory_bytes = excluded.memory_bytes,
        active_tasks = excluded.active_tasks
    WHERE rolled.sample_count <> excluded.sample_count;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;

COMMENT ON FUNCTION roll_up_performance(timestamptz) IS
'Sums up each agent''s samples by the hour (UTC), for hours that are over. Doing an hour again corrects it.
Of an hour''s p50 values the average is kept, of p95 values the highest: what no longer can be told exactly errs on the safe side.
Arguments: since, from which hour on; NULL: from the last one that was rolled up. Result: how many hours of agents were written.
Errors: none.';

REVOKE EXECUTE ON FUNCTION roll_up_performance(timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION roll_up_performance(timestamptz) TO service_role;
