CREATE FUNCTION agent_health(agent_id text, health_window interval DEFAULT '15 minutes')
RETURNS TABLE (
    health text,
    samples bigint,
    tasks_succeeded bigint,
    tasks_failed bigint,
    error_rate numeric,
    latency_p50_ms double precision,
    latency_p95_ms double precision,
    last_recorded_at timestamptz,
    heartbeat_age interval
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    agent record;
BEGIN
    IF coalesce(agent_health.health_window, '0') <= interval '0' THEN
        RAISE EXCEPTION 'the health of an agent cannot be told over %', quote_nullable(agent_health.health_window)
            USING ERRCODE = 'AE001', DETAIL = 'health_window is not longer than 0.', HINT = 'Give an interval such as 15 minutes.';
    END IF;
    SELECT known.status, known.last_heartbeat_at INTO agent FROM agent_registry AS known
    WHERE known.agent_id = agent_health.agent_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no agent % that this session may see', quote_nullable(agent_health.agent_id)
            USING ERRCODE = 'AE002',
                DETAIL = 'agent_registry shows no row with this agent_id.',
                HINT = 'Agents see themselves, orchestrators all below them, observers everyone.';
    END IF;

    SELECT
        coalesce(sum(sample.sample_count), 0), coalesce(sum(sample.tasks_succeeded), 0), coalesce(sum(sample.tasks_failed), 0),
        round(
            sum(sample.tasks_failed)::numeric / nullif(sum(sample.tasks_failed + sample.tasks_succeeded), 0), 4
        ),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY sample.latency_p50_ms),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY sample.latency_p95_ms),
        max(sample.recorded_at)
    INTO samples, tasks_succeeded, tasks_failed, error_rate, latency_p50_ms, latency_p95_ms, last_recorded_at
    FROM agent_performance_history AS sample
    WHERE sample.agent_id = agent_health.agent_id AND sample.resolution = 'raw'
        AND sample.recorded_at >= now() - agent_health.health_window;

    heartbeat_age := now() - agent.last_heartbeat_at;
    health := CASE
        WHEN agent.status IN ('offline', 'deregistered') OR error_rate > 0.5 THEN 'unhealthy'
        WHEN samples = 0 THEN 'unknown'
        WHEN error_rate > 0.1 THEN 'degraded'
        ELSE 'healthy'
    END;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION agent_health(text, interval) IS
'How an agent has done lately, by its own samples.
Arguments: agent_id; health_window, how far to look back.
Result: one row: health (unhealthy: gone, or more than half of its tasks failed; degraded: more than a tenth failed; unknown: no
samples; healthy), samples, tasks_succeeded, tasks_failed, error_rate (0 to 1), latency_p50_ms and latency_p95_ms (median and
95th percentile over its samples, in milliseconds), last_recorded_at, heartbeat_age.
Errors: AE001 the window is not longer than 0, AE002 no such agent that the session may see.';

REVOKE EXECUTE ON FUNCTION agent_health(text, interval) FROM public;
GRANT EXECUTE ON FUNCTION agent_health(text, interval) TO agent, orchestrator, observer, service_role;
