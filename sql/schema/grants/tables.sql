-- What a role may see of a table is the table's policies' to say. Agents and orchestrators change rows through functions
-- only. The role backup reads everything as a member of pg_read_all_data; anon and authenticated get nothing.
GRANT SELECT ON
agent_registry, agent_hierarchy, agent_versions, realtime_channels, distributed_tasks,
agent_communication_logs, agent_performance_history
TO agent, orchestrator, observer;

GRANT SELECT, INSERT, UPDATE, DELETE ON
agent_registry, agent_hierarchy, agent_versions, realtime_channels, distributed_tasks
TO service_role;

GRANT SELECT, INSERT ON agent_communication_logs, agent_performance_history TO service_role;

GRANT UPDATE (payload, payload_erased_at) ON agent_communication_logs TO service_role;

GRANT USAGE ON SEQUENCE agent_communication_logs_log_id_seq TO service_role;
