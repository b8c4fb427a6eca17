-- Forced row level security binds the owner too; functions with SECURITY DEFINER run as it.
CREATE POLICY owner_all ON realtime_channels
TO current_user
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY service_role_all ON realtime_channels
TO service_role
USING (TRUE) WITH CHECK (TRUE);

CREATE POLICY observer_read ON realtime_channels
FOR SELECT TO observer
USING (TRUE);

CREATE POLICY agent_read ON realtime_channels
FOR SELECT TO agent
USING (is_active);

CREATE POLICY orchestrator_read ON realtime_channels
FOR SELECT TO orchestrator
USING (is_active);

COMMENT ON POLICY owner_all ON realtime_channels IS 'The owner''s functions reach every row, and check who calls them.';
COMMENT ON POLICY service_role_all ON realtime_channels IS 'The service reaches every row, within its grants.';
COMMENT ON POLICY observer_read ON realtime_channels IS 'Observers read everything.';
COMMENT ON POLICY agent_read ON realtime_channels IS 'Agents see the channels in use.';
COMMENT ON POLICY orchestrator_read ON realtime_channels IS 'Orchestrators see the channels in use.';
