-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON agent_communication_logs
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON agent_communication_logs
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON agent_communication_logs
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON agent_communication_logs
FOR SELECT TO agent
USING ((SELECT current_agent_id()) IN (from_agent_id, to_agent_id));

CREATE POLICY orchestrator_read ON agent_communication_logs
FOR SELECT TO orchestrator
USING (
    from_agent_id IN (SELECT current_agent_subtree())
    OR to_agent_id IN (SELECT current_agent_subtree())
);

COMMENT ON POLICY owner_all ON agent_communication_logs IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON agent_communication_logs IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON agent_communication_logs IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON agent_communication_logs IS 'An agent sees what it said and what was said to it.';
COMMENT ON POLICY orchestrator_read ON agent_communication_logs IS 'An orchestrator sees what it and all below it said and heard.';
