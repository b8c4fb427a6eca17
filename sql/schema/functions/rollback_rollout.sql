CREATE FUNCTION rollback_rollout(agent_class text, reason text DEFAULT 'on request')
RETURNS TABLE (rollout_version semver, rollout_state rollout_state, rollout_percentage numeric, agents_told bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release CONSTANT agent_versions := lock_rollout(rollback_rollout.agent_class, '{running,paused}');
BEGIN
    UPDATE agent_versions AS target SET
        rollout_state = 'rolled_back',
        rollout_percentage = 0,
        rollout_step_started_at = now(),
        rollout_finished_at = now(),
        rollback_reason = rollback_rollout.reason
    WHERE target.agent_class = release.agent_class AND target.version = release.version;

    RETURN QUERY
    SELECT target.version, target.rollout_state, target.rollout_percentage, told.agents
    FROM apply_rollout(release.agent_class, release.version) AS told (agents)
    CROSS JOIN require_version(release.agent_class, release.version) AS target;
END
$$;

COMMENT ON FUNCTION rollback_rollout(text, text) IS
'Ends the rollout of a class: every agent that was told to upgrade is told to return to rollback_to_version.
To leave a version that was rolled out to the end, start the rollout of another one.
Arguments: agent_class; reason, for people. Result: as start_rollout().
Errors: AE402 no rollout is under way.';

REVOKE EXECUTE ON FUNCTION rollback_rollout(text, text) FROM public;
GRANT EXECUTE ON FUNCTION rollback_rollout(text, text) TO service_role;
