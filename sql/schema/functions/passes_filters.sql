-- One expression, so that the planner puts it in place and finds the indexes in it; a range of versions is nearly always
-- one interval, of which its statistics know how many agents are in.
CREATE FUNCTION passes_filters(
    agent agent_registry,
    required_agent_class text,
    required_capabilities text[],
    version_bounds text[],
    statuses agent_status[]
)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    (agent).status = any(statuses)
    AND (required_agent_class IS NULL OR (agent).agent_class = required_agent_class)
    AND (required_capabilities IS NULL OR (agent).capabilities @> required_capabilities)
    AND (
        version_bounds IS NULL
        OR (
            (agent).current_version_key >= version_bounds[1]
            AND (agent).current_version_key < version_bounds[cardinality(version_bounds)]
            AND (
                cardinality(version_bounds) = 2
                OR width_bucket((agent).current_version_key, version_bounds) % 2 = 1
            )
        )
    )
);

COMMENT ON FUNCTION passes_filters(agent_registry, text, text[], text[], agent_status[]) IS
'Whether an agent is among those that a search is for.
Arguments: agent, a row of agent_registry; required_agent_class, required_capabilities (all of them) and version_bounds, of
semver_bounds(), each NULL for any; statuses, of which its own has to be one.
Result: true or false.
Errors: none.';

REVOKE EXECUTE ON FUNCTION passes_filters(agent_registry, text, text[], text[], agent_status[]) FROM public;
GRANT EXECUTE ON FUNCTION passes_filters(agent_registry, text, text[], text[], agent_status[])
TO agent, orchestrator, observer, service_role;
