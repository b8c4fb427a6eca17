-- Each view is read with the rights of its reader, so it shows what the tables' policies let that role see.
GRANT SELECT ON agent_overview, task_queue_health, rollout_status, channel_usage TO agent, orchestrator, observer, service_role;
