CREATE FUNCTION take_back_tasks(agent_ids text[]) RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    state agent_status;
    gone text[];
    own_queues text[];
    held uuid[];
    queues text[];
    dead uuid[];
    taken integer := 0;
BEGIN
    FOREACH state IN ARRAY '{offline,deregistered}'::agent_status[] LOOP
        gone := ARRAY(
            SELECT agent_registry.agent_id
            FROM agent_registry
            WHERE agent_registry.agent_id = ANY (take_back_tasks.agent_ids) AND agent_registry.status = state
        );
        CONTINUE WHEN gone = '{}';
        own_queues := ARRAY(SELECT '@' || agent FROM unnest(gone) AS agent);

        -- Waiting for a task that is being completed could end in a ring, with enqueue_tasks(): the next call takes it.
        held := ARRAY(
            SELECT task.task_id
            FROM distributed_tasks AS task
            WHERE task.status = 'leased' AND task.assigned_to_agent_id = ANY (gone)
            ORDER BY task.task_id
            FOR NO KEY UPDATE SKIP LOCKED
        );
        IF held <> '{}' THEN
            PERFORM return_leases(held, 'agent_' || state::text);
            taken := taken + cardinality(held);
        END IF;

        -- What was meant for the agent, but not for it alone, is any other's.
        WITH freed AS (
            UPDATE distributed_tasks AS task SET assigned_to_agent_id = NULL
            WHERE task.task_id = ANY (ARRAY(
                SELECT waiting.task_id
                FROM distributed_tasks AS waiting
                WHERE waiting.status = 'ready' AND waiting.queue = ANY (own_queues)
                    AND waiting.delegation_strategy IN ('least_loaded', 'round_robin')
                ORDER BY waiting.task_id
                FOR NO KEY UPDATE SKIP LOCKED
            ))
            RETURNING task.queue
        )

        SELECT array_agg(DISTINCT freed.queue)
        INTO queues
        FROM freed;
        PERFORM notify_workers(queues);

        -- What was meant for it alone waits for it, unless it has left for good.
        CONTINUE WHEN state <> 'deregistered';
        WITH ended AS (
            UPDATE distributed_tasks AS task SET
                status = 'dead_letter',
                finished_at = clock_timestamp(),
                last_error = 'its agent is deregistered'
            WHERE task.task_id = ANY (ARRAY(
                SELECT waiting.task_id
                FROM distributed_tasks AS waiting
                WHERE waiting.status = 'ready' AND waiting.queue = ANY (own_queues)
                ORDER BY waiting.task_id
                FOR NO KEY UPDATE SKIP LOCKED
            ))
            RETURNING task.task_id
        )

        SELECT array_agg(ended.task_id)
        INTO dead
        FROM ended;
        IF dead IS NOT NULL THEN
            PERFORM end_dependants(dead);
        END IF;
    END LOOP;
    RETURN taken;
END
$$;

COMMENT ON FUNCTION take_back_tasks(text[]) IS
'Takes from agents that are offline or deregistered what they have: tasks that they hold are ready again, or dead letters once
their attempts are used up; those chosen for them at enqueue may be claimed by others; those meant for a deregistered one alone
are dead letters. mark_stale_agents(), deregister_agent() and release_dependants() call it.
Arguments: agent_ids; agents that are online or draining keep what they have. Result: how many tasks they held.
Errors: none.';

REVOKE EXECUTE ON FUNCTION take_back_tasks(text[]) FROM public;
GRANT EXECUTE ON FUNCTION take_back_tasks(text[]) TO service_role;
