CREATE FUNCTION claim_tasks(agent_id text, max_tasks integer DEFAULT 1, lease interval DEFAULT '5 minutes')
RETURNS TABLE (
    task_id uuid,
    fencing_token bigint,
    task_type text,
    payload jsonb,
    priority smallint,
    attempt integer,
    lease_expires_at timestamptz,
    correlation_id uuid
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
-- Planned once a session, and through indexes whatever the table held then: a plan for each call costs more than the claim.
SET plan_cache_mode = 'force_generic_plan'
SET enable_seqscan = 'off'
AS $$
#variable_conflict use_column
DECLARE
    agent_status agent_status := authorise_agent(claim_tasks.agent_id);
    agent_queues text[];
    agent_class text;
    agent_capabilities text[];
    agent_version_key text;
    moment CONSTANT timestamptz := clock_timestamp();
    wanted integer := claim_tasks.max_tasks;
    claimed integer;
BEGIN
    IF agent_status <> 'online' THEN
        RAISE EXCEPTION 'agent % is %', quote_literal(claim_tasks.agent_id), agent_status
            USING ERRCODE = 'AE004',
                DETAIL = 'Only an agent that is online takes new tasks.',
                HINT = 'An offline agent is online again after heartbeat(); a draining one finishes what it holds.';
    END IF;
    IF coalesce(claim_tasks.max_tasks, 0) NOT BETWEEN 1 AND 1000
        OR coalesce(claim_tasks.lease, '0') NOT BETWEEN interval '1 second' AND interval '1 day' THEN
        RAISE EXCEPTION 'tasks cannot be claimed like this'
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: max_tasks %s, lease %s.', claim_tasks.max_tasks, claim_tasks.lease),
                HINT = 'max_tasks is 1 to 1000, lease 1 second to 1 day.';
    END IF;

    -- Outside the ring of the version it runs, an agent gets what is meant for it alone: an order to upgrade, say.
    SELECT
        ARRAY['@' || agent_registry.agent_id] || CASE
            WHEN agent_versions.rollout_state = 'rolled_back'
                OR (
                    agent_versions.rollout_state IN ('running', 'paused')
                    AND rollout_share(agent_registry.agent_id, agent_versions.version, agent_versions.rollout_salt)
                        >= agent_versions.rollout_percentage
                )
                THEN '{}'
            ELSE ARRAY[agent_registry.agent_class, '*']
        END,
        agent_registry.agent_class,
        agent_registry.capabilities,
        agent_registry.current_version_key
    INTO agent_queues, agent_class, agent_capabilities, agent_version_key
    FROM agent_registry
    LEFT JOIN agent_versions
        ON agent_registry.agent_class = agent_versions.agent_class
            AND agent_registry.current_version = agent_versions.version
    WHERE agent_registry.agent_id = claim_tasks.agent_id;

    LOOP
        RETURN QUERY
        WITH leased AS (
            UPDATE distributed_tasks AS task SET
                status = 'leased',
                assigned_to_agent_id = claim_tasks.agent_id,
                attempt = task.attempt + 1,
                fencing_token = task.fencing_token + 1,
                leased_at = clock_timestamp(),
                lease_expires_at = clock_timestamp() + claim_tasks.lease
            -- By its place, which can not change while it is locked: the primary key would be read once more for each task. One
            -- that changed after this statement began, and is ready all the same, is left to the next call. An array, not a
            -- join: however wrong the statistics, each is looked up.
            WHERE task.ctid = ANY (ARRAY(
                SELECT candidate.place
                FROM unnest(agent_queues) AS agent_queue
                CROSS JOIN LATERAL (
                    SELECT ready.ctid AS place, ready.task_id, ready.priority, ready.run_at
                    FROM distributed_tasks AS ready
                    WHERE ready.status = 'ready'
                        AND ready.queue = agent_queue
                        AND ready.run_at <= moment
                        -- One CASE: of its parts the planner would guess that hardly a task passes, and sort all that are ready.
                        AND CASE
                            WHEN ready.required_agent_class <> agent_class
                                OR NOT ready.required_capabilities <@ agent_capabilities
                                THEN FALSE
                            WHEN ready.agent_version_bounds IS NULL
                                THEN TRUE
                            ELSE width_bucket(agent_version_key COLLATE "C", ready.agent_version_bounds) % 2 = 1
                        END
                    ORDER BY ready.priority DESC, ready.run_at, ready.task_id
                    LIMIT wanted
                    FOR NO KEY UPDATE SKIP LOCKED
                ) AS candidate
                ORDER BY candidate.priority DESC, candidate.run_at, candidate.task_id
                LIMIT wanted
            ))
            RETURNING
                task.task_id, task.fencing_token, task.task_type, task.payload, task.priority, task.attempt,
                task.lease_expires_at, task.correlation_id, task.run_at
        )
        SELECT
            leased.task_id, leased.fencing_token, leased.task_type::text, leased.payload, leased.priority, leased.attempt,
            leased.lease_expires_at, leased.correlation_id
        FROM leased
        ORDER BY leased.priority DESC, leased.run_at, leased.task_id;

        GET DIAGNOSTICS claimed = ROW_COUNT;
        wanted := wanted - claimed;
        -- Short of work, an agent takes up what others have lost.
        EXIT WHEN wanted <= 0 OR reclaim_expired() = 0;
    END LOOP;
END
$$;

COMMENT ON FUNCTION claim_tasks(text, integer, interval) IS
'Leases ready tasks to an agent: those meant for it, for its class or for all, whose capabilities and versions it meets,
by priority, then run_at. No task is ever handed to two agents at a time. Short of ready tasks it takes up expired leases.
An agent whose version was rolled back, or is being rolled out to others but not to it yet, gets those meant for it alone.
Arguments: agent_id, max_tasks (1 to 1000), lease (1 second to 1 day): how long the agent has them for itself.
Result: a row a task: task_id, fencing_token (complete_tasks() wants it back), task_type, payload, priority, attempt,
lease_expires_at, correlation_id; no rows if there is nothing to do.
Errors: AE001 an argument is out of range, AE002 no such agent, AE003 not this session''s agent, AE004 the agent is not online.';

REVOKE EXECUTE ON FUNCTION claim_tasks(text, integer, interval) FROM public;
GRANT EXECUTE ON FUNCTION claim_tasks(text, integer, interval) TO agent, orchestrator, service_role;
