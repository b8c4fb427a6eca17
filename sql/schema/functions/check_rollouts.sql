CREATE FUNCTION check_rollouts() RETURNS TABLE (agent_class text, version semver, reason text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release record;
    health record;
BEGIN
    FOR release IN
        SELECT running.agent_class, running.version
        FROM agent_versions AS running
        WHERE running.rollout_state = 'running' AND running.health_gate <> '{}'
        ORDER BY running.agent_class
        FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        SELECT * INTO health FROM rollout_health(release.agent_class, release.version);
        IF health.verdict = 'failing' THEN
            PERFORM rollback_rollout(release.agent_class, health.reason);
            agent_class := release.agent_class;
            version := release.version;
            reason := health.reason;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION check_rollouts() IS
'Rolls back every running rollout that fails its health gate. record_performance() calls it as soon as bad samples come in, and
the maintenance service regularly.
Arguments: none. Result: a row for each that was rolled back: agent_class, version, reason.
Errors: none.';

REVOKE EXECUTE ON FUNCTION check_rollouts() FROM public;
GRANT EXECUTE ON FUNCTION check_rollouts() TO service_role;
