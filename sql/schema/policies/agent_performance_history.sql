-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON agent_performance_history
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON agent_performance_history
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON agent_performance_history
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON agent_performance_history
FOR SELECT TO agent
USING (agent_id = (SELECT current_agent_id()));

CREATE POLICY orchestrator_read ON agent_performance_history
FOR SELECT TO orchestrator
USING (agent_id IN (SELECT current_agent_subtree()));

COMMENT ON POLICY owner_all ON agent_performance_history IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON agent_performance_history IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON agent_performance_history IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON agent_performance_history IS 'An agent sees its own history.';
COMMENT ON POLICY orchestrator_read ON agent_performance_history IS 'An orchestrator sees the history of itself and all below it.';
