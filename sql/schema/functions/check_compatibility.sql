CREATE FUNCTION check_compatibility(agent_class text, version text)
RETURNS TABLE (other_class text, other_version semver, agents bigint, stated_by text, needed text, compatible boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    release CONSTANT agent_versions := require_version(check_compatibility.agent_class, check_compatibility.version);
BEGIN
    RETURN QUERY
    WITH running AS (
        SELECT agent.agent_class, agent.current_version, count(*) AS agents
        FROM agent_registry AS agent
        WHERE agent.status <> 'deregistered' AND agent.agent_class <> release.agent_class
        GROUP BY agent.agent_class, agent.current_version
    ),

    stated AS (
        SELECT
            running.*, release.agent_class AS stated_by,
            release.compatibility ->> running.agent_class AS needed, running.current_version::text AS given
        FROM running
        UNION ALL
        SELECT running.*, running.agent_class, other.compatibility ->> release.agent_class, release.version::text
        FROM running
        INNER JOIN agent_versions AS other
            ON running.agent_class = other.agent_class AND running.current_version = other.version
    )

    SELECT
        stated.agent_class::text, stated.current_version, stated.agents, stated.stated_by::text, stated.needed,
        semver_satisfies(stated.given, stated.needed)
    FROM stated
    WHERE stated.needed IS NOT NULL
    ORDER BY stated.agent_class, semver_key(stated.current_version) COLLATE "C", stated.stated_by;
END
$$;

COMMENT ON FUNCTION check_compatibility(text, text) IS
'Whether a release works with what the agents of the other classes run now, by the ranges that it and they state.
Arguments: agent_class, version of the release. Result: a row for each version that runs and each range stated about the two:
other_class, other_version, agents that run it, stated_by (the class whose release states the range), needed (the range),
compatible. No rows: nothing is stated.
Errors: AE401 there is no such version.';

REVOKE EXECUTE ON FUNCTION check_compatibility(text, text) FROM public;
GRANT EXECUTE ON FUNCTION check_compatibility(text, text) TO agent, orchestrator, observer, service_role;
