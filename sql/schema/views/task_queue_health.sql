CREATE VIEW task_queue_health WITH (security_invoker = TRUE) AS
SELECT
    coalesce(task.required_agent_class, '*') AS agent_class,
    count(*) FILTER (WHERE task.status = 'ready' AND task.run_at <= now()) AS ready,
    count(*) FILTER (WHERE task.status = 'ready' AND task.run_at > now()) AS scheduled,
    count(*) FILTER (WHERE task.status = 'blocked') AS blocked,
    count(*) FILTER (WHERE task.status = 'leased') AS leased,
    count(*) FILTER (WHERE task.lease_expires_at < now()) AS lease_expired,
    count(*) FILTER (WHERE task.status = 'dead_letter') AS dead_letters,
    now() - min(task.run_at) FILTER (WHERE task.status = 'ready' AND task.run_at <= now()) AS oldest_ready_age,
    count(*) FILTER (
        WHERE task.status = 'succeeded' AND task.finished_at > now() - interval '5 minutes'
    ) / 5.0 AS succeeded_per_minute
FROM distributed_tasks AS task
GROUP BY coalesce(task.required_agent_class, '*');

COMMENT ON VIEW task_queue_health IS 'How the queue of each class of agents does: depth, age, throughput, dead letters.';
COMMENT ON COLUMN task_queue_health.agent_class IS 'The class the tasks are for; * for those that any class may do.';
COMMENT ON COLUMN task_queue_health.ready IS 'Tasks that could be claimed now.';
COMMENT ON COLUMN task_queue_health.scheduled IS 'Tasks whose time has not come.';
COMMENT ON COLUMN task_queue_health.blocked IS 'Tasks that wait for others.';
COMMENT ON COLUMN task_queue_health.leased IS 'Tasks that agents hold.';
COMMENT ON COLUMN task_queue_health.lease_expired IS 'Of those, the ones whose lease has run out.';
COMMENT ON COLUMN task_queue_health.dead_letters IS 'Tasks whose attempts are used up.';
COMMENT ON COLUMN task_queue_health.oldest_ready_age IS 'How long the oldest ready task has been ready; NULL if none is.';
COMMENT ON COLUMN task_queue_health.succeeded_per_minute IS 'Tasks that succeeded, a minute, over the last five minutes.';
