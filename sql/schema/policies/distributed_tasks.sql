-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON distributed_tasks
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON distributed_tasks
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON distributed_tasks
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON distributed_tasks
FOR SELECT TO agent
USING (
    assigned_to_agent_id = (SELECT current_agent_id())
    OR created_by_agent_id = (SELECT current_agent_id())
);

CREATE POLICY orchestrator_read ON distributed_tasks
FOR SELECT TO orchestrator
USING (
    assigned_to_agent_id IN (SELECT current_agent_subtree())
    OR created_by_agent_id IN (SELECT current_agent_subtree())
);

COMMENT ON POLICY owner_all ON distributed_tasks IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON distributed_tasks IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON distributed_tasks IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON distributed_tasks IS 'An agent sees the tasks assigned to it and those it enqueued.';
COMMENT ON POLICY orchestrator_read ON distributed_tasks IS 'An orchestrator sees the tasks of itself and all below it.';
