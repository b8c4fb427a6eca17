CREATE FUNCTION advance_rollout(agent_class text)
RETURNS TABLE (rollout_version semver, rollout_state rollout_state, rollout_percentage numeric, agents_told bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release CONSTANT agent_versions := lock_rollout(advance_rollout.agent_class, '{running}');
    health record;
    next_share numeric;
BEGIN
    SELECT * INTO health FROM rollout_health(release.agent_class, release.version);

    -- Not an error, which would undo the rollback.
    IF health.verdict = 'failing' THEN
        RETURN QUERY SELECT * FROM rollback_rollout(release.agent_class, health.reason);
        RETURN;
    END IF;
    -- The green fleet takes no work before the switch: there is nothing yet to measure it by.
    IF health.verdict = 'undecided' AND release.rollout_percentage > 0 THEN
        RAISE EXCEPTION 'the rollout of % % cannot advance yet', release.agent_class, release.version
            USING ERRCODE = 'AE404',
                DETAIL = format('Its health is undecided: %s.', health.reason),
                HINT = 'Wait until its agents have recorded more, or take the gate away.';
    END IF;

    next_share := (SELECT min(step) FROM unnest(release.rollout_steps) AS step WHERE step > release.rollout_percentage);
    UPDATE agent_versions AS target SET
        rollout_percentage = coalesce(next_share, 100),
        rollout_state = CASE
            WHEN next_share IS NULL OR (next_share = 100 AND release.health_gate = '{}') THEN 'completed'
            ELSE 'running'
        END::rollout_state,
        rollout_step_started_at = now(),
        rollout_finished_at = CASE
            WHEN next_share IS NULL OR (next_share = 100 AND release.health_gate = '{}') THEN now()
        END
    WHERE target.agent_class = release.agent_class AND target.version = release.version;

    RETURN QUERY
    SELECT target.version, target.rollout_state, target.rollout_percentage, told.agents
    FROM apply_rollout(release.agent_class, release.version) AS told (agents)
    CROSS JOIN require_version(release.agent_class, release.version) AS target;
END
$$;

COMMENT ON FUNCTION advance_rollout(text) IS
'Takes the rollout of a class to its next step, once its health gate is passed; rolls it back if the gate is failed.
At 100 percent a rollout without a gate is completed; with one, the next call completes it.
Arguments: agent_class. Result: as start_rollout(): see rollout_state for what became of it.
Errors: AE402 no rollout is running, AE404 there are too few samples to decide.';

REVOKE EXECUTE ON FUNCTION advance_rollout(text) FROM public;
GRANT EXECUTE ON FUNCTION advance_rollout(text) TO service_role;
