CREATE FUNCTION heartbeats(agent_ids text[], active_tasks integer[] DEFAULT NULL)
RETURNS TABLE (agent_id text, status agent_status, current_version semver, desired_version semver)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    asked integer := (SELECT count(DISTINCT given) FROM unnest(heartbeats.agent_ids) AS given);
    by_service CONSTANT boolean := session_is_service();
    beaten integer;
BEGIN
    IF asked = 0 OR cardinality(heartbeats.active_tasks) <> cardinality(heartbeats.agent_ids)
        OR 0 > ANY (heartbeats.active_tasks) THEN
        RAISE EXCEPTION 'these heartbeats are malformed'
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: %s agent_ids, %s active_tasks.',
                    coalesce(cardinality(heartbeats.agent_ids), 0), coalesce(cardinality(heartbeats.active_tasks), 0)
                ),
                HINT = 'Give at least one agent_id, and as many active_tasks, each 0 or more, or none.';
    END IF;

    PERFORM set_config('synchronous_commit', 'off', TRUE);

    -- Locked in one order, so that two batches with agents in common never wait for each other.
    PERFORM
    FROM agent_registry
    WHERE agent_registry.agent_id = ANY (heartbeats.agent_ids)
        AND (by_service OR is_session_agent(agent_registry.agent_id, agent_registry.login_role))
    ORDER BY agent_registry.agent_id
    FOR NO KEY UPDATE;

    RETURN QUERY
    UPDATE agent_registry SET
        last_heartbeat_at = clock_timestamp(),
        status = CASE agent_registry.status WHEN 'offline' THEN 'online' ELSE agent_registry.status END,
        active_tasks = coalesce(given.active_tasks, agent_registry.active_tasks)
    FROM (
        SELECT DISTINCT ON (one.agent_id) one.agent_id, one.active_tasks
        FROM unnest(heartbeats.agent_ids, heartbeats.active_tasks) WITH ORDINALITY AS one (agent_id, active_tasks, nth)
        ORDER BY one.agent_id, one.nth DESC
    ) AS given
    WHERE agent_registry.agent_id = given.agent_id
        AND agent_registry.status <> 'deregistered'
        AND (by_service OR is_session_agent(agent_registry.agent_id, agent_registry.login_role))
    RETURNING
        agent_registry.agent_id::text, agent_registry.status, agent_registry.current_version,
        agent_registry.desired_version;

    GET DIAGNOSTICS beaten = ROW_COUNT;
    IF beaten < asked THEN
        PERFORM authorise_agent(one) FROM unnest(heartbeats.agent_ids) AS one;
    END IF;
END
$$;

COMMENT ON FUNCTION heartbeats(text[], integer[]) IS
'heartbeat() for many agents in one call, for a service that speaks for them; all of them or none.
Arguments: agent_ids; active_tasks, in the same order, NULL to leave them as they are.
Result: a row an agent: agent_id, status, current_version, desired_version.
Call it in a transaction of its own: it switches synchronous_commit off for the rest of the transaction.
Errors: as heartbeat(), for the first agent that has one.';

REVOKE EXECUTE ON FUNCTION heartbeats(text[], integer[]) FROM public;
GRANT EXECUTE ON FUNCTION heartbeats(text[], integer[]) TO agent, orchestrator, service_role;
