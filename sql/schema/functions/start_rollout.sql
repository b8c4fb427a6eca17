CREATE FUNCTION start_rollout(
    agent_class text,
    version text,
    strategy deployment_strategy DEFAULT NULL,
    steps numeric[] DEFAULT NULL,
    health_gate jsonb DEFAULT NULL
)
RETURNS TABLE (rollout_version semver, rollout_state rollout_state, rollout_percentage numeric, agents_told bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release agent_versions;
    way deployment_strategy;
    shares numeric[];
    gate jsonb;
    conflict text;
    obstacles text;
BEGIN
    -- One rollout of a class at a time begins: two would each find the class free.
    PERFORM FROM agent_versions WHERE agent_class = start_rollout.agent_class ORDER BY version FOR NO KEY UPDATE;
    release := require_version(start_rollout.agent_class, start_rollout.version);
    way := coalesce(start_rollout.strategy, release.deployment_strategy);
    gate := coalesce(start_rollout.health_gate, release.health_gate);
    PERFORM check_health_gate(gate);
    shares := coalesce(
        start_rollout.steps,
        -- Those of an earlier start were of its strategy.
        CASE WHEN way = release.deployment_strategy THEN nullif(release.rollout_steps, '{}') END,
        CASE way
            WHEN 'rolling' THEN '{25,50,75,100}'
            WHEN 'canary' THEN '{5,25,50,100}'
            ELSE '{100}'
        END::numeric[]
    );
    IF cardinality(shares) = 0 OR array_position(shares, NULL) IS NOT NULL OR 0 >= ANY (shares)
        OR shares[cardinality(shares)] <> 100
        OR shares <> ARRAY(SELECT DISTINCT share FROM unnest(shares) AS share ORDER BY share)
        OR (way IN ('immediate', 'blue_green') AND shares <> '{100}') THEN
        RAISE EXCEPTION 'a % rollout cannot have these steps', way
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s.', shares),
                HINT = 'Steps are percentages above 0 that grow and end with 100; immediate and blue_green have no other.';
    END IF;

    SELECT format('%s is %s', other.version, other.rollout_state)
    INTO conflict
    FROM agent_versions AS other
    WHERE other.agent_class = release.agent_class
        AND (other.rollout_state = 'running' OR (other.rollout_state = 'paused' AND other.version <> release.version));
    IF conflict IS NOT NULL OR release.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'the rollout of % % cannot start', release.agent_class, release.version
            USING ERRCODE = 'AE402',
                DETAIL = coalesce('The rollout of version ' || conflict || '.', 'The version was withdrawn.'),
                HINT = 'One version of a class is rolled out at a time: let it complete, or call rollback_rollout().';
    END IF;

    SELECT string_agg(
        format(
            '%s agents of %s run %s; %s states %s', found.agents, found.other_class, found.other_version, found.stated_by,
            found.needed
        ), '. '
    )
    INTO obstacles
    FROM check_compatibility(release.agent_class, release.version) AS found
    WHERE NOT found.compatible;
    IF obstacles IS NOT NULL THEN
        RAISE EXCEPTION '% % is not compatible with what runs', release.agent_class, release.version
            USING ERRCODE = 'AE403',
                DETAIL = obstacles || '.',
                HINT = 'Upgrade those agents first; check_compatibility() shows all.';
    END IF;

    -- A paused rollout goes on where it stands, unless all are to have it at once now; any other begins.
    UPDATE agent_versions AS target SET
        rollout_state = 'running',
        deployment_strategy = way,
        rollout_steps = shares,
        health_gate = gate,
        rollout_percentage = CASE
            WHEN release.rollout_state = 'paused' AND way <> 'immediate' THEN target.rollout_percentage
            WHEN way = 'blue_green' THEN 0
            ELSE shares[1]
        END,
        rollout_started_at = CASE
            WHEN release.rollout_state = 'paused' THEN target.rollout_started_at ELSE now()
        END,
        rollout_step_started_at = now(),
        rollout_finished_at = NULL,
        rollback_reason = NULL,
        rollback_to_version = CASE
            WHEN release.rollout_state = 'paused' THEN target.rollback_to_version
            ELSE coalesce(
                (
                    SELECT former.version
                    FROM agent_versions AS former
                    WHERE former.agent_class = release.agent_class AND former.version <> release.version
                        AND former.rollout_state = 'completed' AND former.withdrawn_at IS NULL
                    ORDER BY former.rollout_finished_at DESC
                    LIMIT 1
                ),
                (
                    SELECT agent.current_version
                    FROM agent_registry AS agent
                    INNER JOIN agent_versions AS former
                        ON agent.agent_class = former.agent_class AND agent.current_version = former.version
                    WHERE agent.agent_class = release.agent_class AND agent.status <> 'deregistered'
                        AND former.version <> release.version AND former.withdrawn_at IS NULL
                        AND former.rollout_state <> 'rolled_back'
                    GROUP BY agent.current_version
                    ORDER BY count(*) DESC, semver_key(agent.current_version) COLLATE "C" DESC
                    LIMIT 1
                )
            )
        END
    WHERE target.agent_class = release.agent_class AND target.version = release.version;

    -- Whoever wants all agents at once and watches nothing has nothing to wait for.
    IF way = 'immediate' AND gate = '{}' THEN
        UPDATE agent_versions AS target SET rollout_state = 'completed', rollout_finished_at = now()
        WHERE target.agent_class = release.agent_class AND target.version = release.version;
    END IF;

    RETURN QUERY
    SELECT target.version, target.rollout_state, target.rollout_percentage, told.agents
    FROM apply_rollout(release.agent_class, release.version) AS told (agents)
    CROSS JOIN require_version(release.agent_class, release.version) AS target;
END
$$;

COMMENT ON FUNCTION start_rollout(text, text, deployment_strategy, numeric[], jsonb) IS
'Starts the rollout of a release, or goes on with one that is paused: desired_version of a share of the class''s agents is set.
Arguments: agent_class, version; strategy: immediate (all at once, complete at once if nothing is watched), rolling (25, 50, 75,
100 percent), canary (5, 25, 50, 100), blue_green (0 while a second fleet warms up, then 100); steps, other percentages;
health_gate: {"max_error_rate": 0.02, "max_latency_p95_ms": 900, "min_samples": 10, "window": "10 minutes"}, each may be left
out. What is NULL is the release''s own; of another strategy than that, its steps are those above.
Result: one row: rollout_version, rollout_state, rollout_percentage, agents_told (how many learnt a new desired_version).
An agent is in the share by rollout_share(): always the same ones, and those of a step before are among those of the next.
Errors: AE001 steps or gate are malformed, AE401 no such version, AE402 another rollout of the class is under way or the version
is withdrawn, AE403 it is not compatible with what runs.';

REVOKE EXECUTE ON FUNCTION start_rollout(text, text, deployment_strategy, numeric[], jsonb) FROM public;
GRANT EXECUTE ON FUNCTION start_rollout(text, text, deployment_strategy, numeric[], jsonb) TO service_role;
