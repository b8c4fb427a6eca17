CREATE FUNCTION fitting_agents(
    required_agent_class text,
    required_capabilities text[],
    agent_version_range text
)
RETURNS TABLE (agent_id text, waiting bigint, room integer, last_assigned_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT agent.agent_id::text, held.number + queued.number, agent.max_concurrent_tasks::integer, agent.last_assigned_at
    FROM agent_registry AS agent
    CROSS JOIN LATERAL (
        SELECT count(*) AS number
        FROM distributed_tasks AS task
        WHERE task.status = 'leased' AND task.assigned_to_agent_id = agent.agent_id
    ) AS held
    CROSS JOIN LATERAL (
        SELECT count(*) AS number
        FROM distributed_tasks AS task
        WHERE task.status = 'ready' AND task.queue = '@' || agent.agent_id
    ) AS queued
    WHERE agent.status = 'online'
        AND coalesce(agent.agent_class = fitting_agents.required_agent_class, TRUE)
        AND agent.capabilities @> coalesce(fitting_agents.required_capabilities, '{}')
        AND coalesce(semver_satisfies(agent.current_version, fitting_agents.agent_version_range), TRUE);
END
$$;

COMMENT ON FUNCTION fitting_agents(text, text[], text) IS
'Agents that are online and could do a task, with their load; assign_tasks() chooses among them.
Arguments: required_agent_class, required_capabilities, agent_version_range: of the task, NULL for any.
Result: a row an agent: agent_id, waiting (tasks it holds or that wait for it alone), room (tasks it can work on at a time),
last_assigned_at.
Errors: AE001 the range is malformed.';

REVOKE EXECUTE ON FUNCTION fitting_agents(text, text[], text) FROM public;
GRANT EXECUTE ON FUNCTION fitting_agents(text, text[], text) TO service_role;
