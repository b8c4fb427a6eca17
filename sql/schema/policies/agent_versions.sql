-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON agent_versions
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON agent_versions
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON agent_versions
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON agent_versions
FOR SELECT TO agent
USING (TRUE);

CREATE POLICY orchestrator_read ON agent_versions
FOR SELECT TO orchestrator
USING (TRUE);

COMMENT ON POLICY owner_all ON agent_versions IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON agent_versions IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON agent_versions IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON agent_versions IS 'Agents see every release: they upgrade themselves by it.';
COMMENT ON POLICY orchestrator_read ON agent_versions IS 'Orchestrators see every release.';
