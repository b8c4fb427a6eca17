CREATE FUNCTION heartbeat(agent_id text, active_tasks integer DEFAULT NULL, performance_metrics jsonb DEFAULT NULL)
RETURNS TABLE (status agent_status, current_version semver, desired_version semver)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    -- A lost heartbeat costs nothing: the next one comes. (A SET clause of the function would end before the commit.)
    durability CONSTANT text := set_config('synchronous_commit', 'off', TRUE);
BEGIN
    IF heartbeat.active_tasks < 0 OR jsonb_typeof(heartbeat.performance_metrics) <> 'object' THEN
        RAISE EXCEPTION 'heartbeat of agent % is malformed', quote_nullable(heartbeat.agent_id)
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: active_tasks %s, performance_metrics of type %s.',
                    heartbeat.active_tasks, jsonb_typeof(heartbeat.performance_metrics)
                ),
                HINT = 'active_tasks is 0 or more, performance_metrics a JSON object; NULL leaves them as they are.';
    END IF;

    RETURN QUERY
    UPDATE agent_registry SET
        last_heartbeat_at = clock_timestamp(),
        status = CASE agent_registry.status WHEN 'offline' THEN 'online' ELSE agent_registry.status END,
        active_tasks = coalesce(heartbeat.active_tasks, agent_registry.active_tasks),
        performance_metrics = coalesce(heartbeat.performance_metrics, agent_registry.performance_metrics)
    WHERE agent_registry.agent_id = heartbeat.agent_id
        AND agent_registry.status <> 'deregistered'
        AND session_may_act_as(agent_registry.agent_id, agent_registry.login_role)
    RETURNING agent_registry.status, agent_registry.current_version, agent_registry.desired_version;

    IF NOT FOUND THEN
        PERFORM authorise_agent(heartbeat.agent_id);
    END IF;
END
$$;

COMMENT ON FUNCTION heartbeat(text, integer, jsonb) IS
'A sign of life: an agent that was offline is online again, and learns which version it should run.
Arguments: agent_id; active_tasks and performance_metrics (an object), NULL to leave them as they are.
Result: one row: status (draining: take no new work), current_version, desired_version.
Call it in a transaction of its own: it switches synchronous_commit off for the rest of the transaction.
Errors: AE001 an argument is malformed, AE002 no such agent, AE003 not this session''s agent, AE004 it is deregistered.';

REVOKE EXECUTE ON FUNCTION heartbeat(text, integer, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION heartbeat(text, integer, jsonb) TO agent, orchestrator, service_role;
