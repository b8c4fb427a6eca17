CREATE FUNCTION check_health_gate(health_gate jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    keys CONSTANT text[] := '{max_error_rate,max_latency_p95_ms,min_samples,window}';
    reason text;
BEGIN
    reason := CASE
        WHEN jsonb_typeof(check_health_gate.health_gate) IS DISTINCT FROM 'object' THEN 'it is no JSON object'
        WHEN check_health_gate.health_gate - keys <> '{}'
            THEN 'unknown key ' || (check_health_gate.health_gate - keys)::text
        WHEN jsonb_path_exists(check_health_gate.health_gate, '$.max_error_rate ? (@.type() != "number" || @ < 0 || @ > 1)')
            THEN 'max_error_rate must be a number from 0 to 1'
        WHEN jsonb_path_exists(check_health_gate.health_gate, '$.max_latency_p95_ms ? (@.type() != "number" || @ < 0)')
            THEN 'max_latency_p95_ms must be a number, 0 or more'
        WHEN jsonb_path_exists(check_health_gate.health_gate, '$.min_samples ? (@.type() != "number" || @ < 1)')
            THEN 'min_samples must be a number, 1 or more'
    END;
    IF reason IS NULL AND check_health_gate.health_gate ? 'window' THEN
        BEGIN
            IF (check_health_gate.health_gate ->> 'window')::interval <= interval '0' THEN
                reason := 'window must be longer than 0';
            END IF;
        EXCEPTION
            WHEN data_exception THEN
                reason := 'window must be an interval such as "10 minutes"';
        END;
    END IF;
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'the health gate is malformed: %', reason
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s', coalesce(left(check_health_gate.health_gate::text, 500), 'NULL')),
                HINT = 'The keys are: ' || array_to_string(keys, ', ') || '; leave out those that do not matter.';
    END IF;
END
$$;

COMMENT ON FUNCTION check_health_gate(jsonb) IS
'Refuses a malformed health gate before a rollout starts; start_rollout() calls it.
Arguments: health_gate, as start_rollout() takes it. Result: nothing.
Errors: AE001 naming what is wrong.';

REVOKE EXECUTE ON FUNCTION check_health_gate(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION check_health_gate(jsonb) TO service_role;
