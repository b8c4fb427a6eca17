CREATE VIEW rollout_status WITH (security_invoker = TRUE) AS
SELECT
    release.agent_class,
    release.version,
    release.deployment_strategy,
    release.rollout_state,
    release.rollout_percentage,
    (
        SELECT min(step) FROM unnest(release.rollout_steps) AS step
        WHERE step > release.rollout_percentage
    ) AS next_percentage,
    now() - release.rollout_step_started_at AS step_age,
    agents.total AS agents,
    agents.told AS agents_told,
    agents.upgraded AS agents_upgraded,
    release.rollback_to_version,
    release.rollback_reason
FROM agent_versions AS release
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS total,
            count(*) FILTER (WHERE agent.desired_version = release.version) AS told,
            count(*) FILTER (WHERE agent.current_version = release.version) AS upgraded
        FROM agent_registry AS agent
        WHERE agent.agent_class = release.agent_class AND agent.status <> 'deregistered'
    ) AS agents
WHERE release.rollout_state <> 'not_started';

COMMENT ON VIEW rollout_status IS 'How far each release has got that was ever rolled out, among the agents the reader may see.';
COMMENT ON COLUMN rollout_status.agent_class IS 'The class.';
COMMENT ON COLUMN rollout_status.version IS 'The release.';
COMMENT ON COLUMN rollout_status.deployment_strategy IS 'How it reaches its agents.';
COMMENT ON COLUMN rollout_status.rollout_state IS 'Where its rollout stands.';
COMMENT ON COLUMN rollout_status.rollout_percentage IS 'The share of the class that is to run it, in percent.';
COMMENT ON COLUMN rollout_status.next_percentage IS 'The share that advance_rollout() takes it to; NULL: none is left.';
COMMENT ON COLUMN rollout_status.step_age IS 'How long it has been at that share.';
COMMENT ON COLUMN rollout_status.agents IS 'Agents of the class.';
COMMENT ON COLUMN rollout_status.agents_told IS 'Of those, the ones whose desired_version it is.';
COMMENT ON COLUMN rollout_status.agents_upgraded IS 'Of those, the ones that run it.';
COMMENT ON COLUMN rollout_status.rollback_to_version IS 'The version they return to if it is rolled back.';
COMMENT ON COLUMN rollout_status.rollback_reason IS 'Why it was rolled back; NULL if it was not.';
