CREATE FUNCTION pause_rollout(agent_class text)
RETURNS TABLE (rollout_version semver, rollout_state rollout_state, rollout_percentage numeric, agents_told bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release CONSTANT agent_versions := lock_rollout(pause_rollout.agent_class, '{running}');
BEGIN
    RETURN QUERY
    UPDATE agent_versions AS target SET rollout_state = 'paused'
    WHERE target.agent_class = release.agent_class AND target.version = release.version
    RETURNING target.version, target.rollout_state, target.rollout_percentage::numeric, 0::bigint;
END
$$;

COMMENT ON FUNCTION pause_rollout(text) IS
'Holds the rollout of a class where it is: no further agent is told to upgrade, and no gate is watched; start_rollout() goes on.
Arguments: agent_class. Result: as start_rollout().
Errors: AE402 no rollout is running.';

REVOKE EXECUTE ON FUNCTION pause_rollout(text) FROM public;
GRANT EXECUTE ON FUNCTION pause_rollout(text) TO service_role;
