CREATE FUNCTION choose_desired_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF new.desired_version IS NULL THEN
        new.desired_version := (
            SELECT CASE
                WHEN rollout_share(new.agent_id, release.version, release.rollout_salt) < release.rollout_percentage
                    THEN release.version
                ELSE release.rollback_to_version
            END
            FROM agent_versions AS release
            WHERE release.agent_class = new.agent_class
                AND release.rollout_state IN ('running', 'paused', 'completed')
                AND release.withdrawn_at IS NULL
            ORDER BY release.rollout_finished_at DESC NULLS FIRST
            LIMIT 1
        );
    END IF;
    RETURN new;
END
$$;

COMMENT ON FUNCTION choose_desired_version() IS
'Trigger of agent_registry: an agent that registers for the first time learns which version the rollout of its class wants of it.
Arguments: none. Result: the row.
Errors: none.';

REVOKE EXECUTE ON FUNCTION choose_desired_version() FROM public;
