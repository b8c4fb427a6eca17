CREATE FUNCTION apply_rollout(agent_class text, version text) RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    release CONSTANT agent_versions := require_version(apply_rollout.agent_class, apply_rollout.version);
    changed bigint;
BEGIN
    -- Locked in one order, as heartbeats() does, so that neither waits for the other in a circle.
    PERFORM
    FROM agent_registry AS agent
    WHERE agent.agent_class = release.agent_class AND agent.status <> 'deregistered'
    ORDER BY agent.agent_id
    FOR NO KEY UPDATE;

    UPDATE agent_registry AS agent SET desired_version = wish.version
    FROM (
        SELECT
            known.agent_id,
            CASE
                WHEN release.rollout_state <> 'rolled_back'
                    AND rollout_share(known.agent_id, release.version, release.rollout_salt) < release.rollout_percentage
                    THEN release.version
                WHEN known.desired_version = release.version THEN release.rollback_to_version
                ELSE known.desired_version
            END AS version
        FROM agent_registry AS known
        WHERE known.agent_class = release.agent_class AND known.status <> 'deregistered'
    ) AS wish
    WHERE agent.agent_id = wish.agent_id AND agent.desired_version IS DISTINCT FROM wish.version;

    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;

COMMENT ON FUNCTION apply_rollout(text, text) IS
'Tells the agents of a class which version they should run, by where its rollout stands; the functions of rollouts call it.
Arguments: agent_class, version. Result: how many agents were told something new.
Errors: AE401 there is no such version.';

REVOKE EXECUTE ON FUNCTION apply_rollout(text, text) FROM public;
GRANT EXECUTE ON FUNCTION apply_rollout(text, text) TO service_role;
