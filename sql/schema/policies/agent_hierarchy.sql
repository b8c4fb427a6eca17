-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON agent_hierarchy
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON agent_hierarchy
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON agent_hierarchy
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON agent_hierarchy
FOR SELECT TO agent
USING ((SELECT current_agent_id()) IN (parent_agent_id, child_agent_id));

CREATE POLICY orchestrator_read ON agent_hierarchy
FOR SELECT TO orchestrator
USING (
    parent_agent_id IN (SELECT current_agent_subtree())
    OR child_agent_id IN (SELECT current_agent_subtree())
);

COMMENT ON POLICY owner_all ON agent_hierarchy IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON agent_hierarchy IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON agent_hierarchy IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON agent_hierarchy IS 'An agent sees the links it is part of.';
COMMENT ON POLICY orchestrator_read ON agent_hierarchy IS 'An orchestrator sees the links of itself and all below it.';
