CREATE VIEW agent_overview WITH (security_invoker = TRUE) AS
SELECT
    agent.agent_id,
    agent.agent_type,
    agent.agent_class,
    agent.status,
    now() - agent.last_heartbeat_at AS heartbeat_age,
    agent.current_version,
    agent.desired_version,
    coalesce(agent.desired_version <> agent.current_version, FALSE) AS upgrade_pending,
    agent.active_tasks,
    held.leased_tasks,
    agent.max_concurrent_tasks,
    above.parent_agent_id,
    below.children
FROM agent_registry AS agent
LEFT JOIN agent_hierarchy AS above ON agent.agent_id = above.child_agent_id
CROSS JOIN
    LATERAL (
        SELECT count(*) AS leased_tasks
        FROM distributed_tasks AS task
        WHERE task.assigned_to_agent_id = agent.agent_id AND task.status = 'leased'
    ) AS held
CROSS JOIN LATERAL (
    SELECT count(*) AS children
    FROM agent_hierarchy AS link
    WHERE link.parent_agent_id = agent.agent_id
) AS below;

COMMENT ON VIEW agent_overview IS 'Every agent on one line: is it alive, which version, how busy, where in the hierarchy.';
COMMENT ON COLUMN agent_overview.agent_id IS 'The agent.';
COMMENT ON COLUMN agent_overview.agent_type IS 'Its place in the hierarchy.';
COMMENT ON COLUMN agent_overview.agent_class IS 'Its class.';
COMMENT ON COLUMN agent_overview.status IS 'Where it is in its life.';
COMMENT ON COLUMN agent_overview.heartbeat_age IS 'Time since its last sign of life.';
COMMENT ON COLUMN agent_overview.current_version IS 'The version it runs.';
COMMENT ON COLUMN agent_overview.desired_version IS 'The version it should run.';
COMMENT ON COLUMN agent_overview.upgrade_pending IS 'Whether it should run another version than it does.';
COMMENT ON COLUMN agent_overview.active_tasks IS 'Tasks it said it works on, at its last heartbeat.';
COMMENT ON COLUMN agent_overview.leased_tasks IS 'Tasks it holds now.';
COMMENT ON COLUMN agent_overview.max_concurrent_tasks IS 'Tasks it can work on at a time.';
COMMENT ON COLUMN agent_overview.parent_agent_id IS 'The agent that leads it.';
COMMENT ON COLUMN agent_overview.children IS 'How many agents it leads.';
