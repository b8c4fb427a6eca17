CREATE FUNCTION rollout_health(agent_class text, version text)
RETURNS TABLE (verdict text, samples bigint, error_rate numeric, latency_p95_ms double precision, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release CONSTANT agent_versions := require_version(rollout_health.agent_class, rollout_health.version);
    gate CONSTANT jsonb := release.health_gate;
    least_samples CONSTANT numeric := coalesce((gate ->> 'min_samples')::numeric, 10);
BEGIN
    SELECT
        coalesce(sum(sample.sample_count), 0),
        sum(sample.tasks_failed)::numeric / nullif(sum(sample.tasks_failed + sample.tasks_succeeded), 0),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY sample.latency_p95_ms)
    INTO samples, error_rate, latency_p95_ms
    FROM agent_performance_history AS sample
    WHERE sample.agent_class = release.agent_class
        AND sample.agent_version = release.version
        AND sample.resolution = 'raw'
        AND sample.recorded_at >= greatest(
            release.rollout_started_at, now() - coalesce((gate ->> 'window')::interval, interval '10 minutes')
        );

    reason := CASE
        WHEN gate = '{}' THEN 'there is no gate'
        WHEN samples < least_samples THEN format('%s of %s samples', samples, least_samples)
        WHEN error_rate > (gate ->> 'max_error_rate')::numeric
            THEN format('error rate %s, at most %s allowed', round(error_rate, 4), gate ->> 'max_error_rate')
        WHEN latency_p95_ms > (gate ->> 'max_latency_p95_ms')::numeric
            THEN format(
                'latency p95 of %s ms, at most %s allowed', round(latency_p95_ms::numeric, 1), gate ->> 'max_latency_p95_ms'
            )
        ELSE 'within the gate'
    END;
    verdict := CASE
        WHEN gate = '{}' OR reason = 'within the gate' THEN 'passing'
        WHEN samples < least_samples THEN 'undecided'
        ELSE 'failing'
    END;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION rollout_health(text, text) IS
'How a release does against its health gate, by what its agents recorded since its rollout began, within the gate''s window.
Arguments: agent_class, version. Result: one row: verdict (passing, failing, or undecided with fewer than min_samples),
samples, error_rate (failed tasks of all finished ones), latency_p95_ms (95th percentile of the p95 that agents reported, in
milliseconds), reason in words; NULL where nothing was measured.
Errors: AE401 there is no such version.';

REVOKE EXECUTE ON FUNCTION rollout_health(text, text) FROM public;
GRANT EXECUTE ON FUNCTION rollout_health(text, text) TO orchestrator, observer, service_role;
