CREATE FUNCTION delegate_tasks(
    task_ids uuid[],
    to_agent_id text,
    fencing_tokens bigint[] DEFAULT NULL,
    agent_id text DEFAULT NULL
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    acting CONSTANT text := acting_agent_id(delegate_tasks.agent_id);
    target agent_registry;
    misfit uuid;
    delegated uuid[];
    queues text[];
BEGIN
    IF cardinality(delegate_tasks.fencing_tokens) <> cardinality(delegate_tasks.task_ids) THEN
        PERFORM refuse_uneven_batch(
            cardinality(delegate_tasks.task_ids), cardinality(delegate_tasks.fencing_tokens)
        );
    END IF;
    PERFORM lock_tasks(delegate_tasks.task_ids, acting);

    SELECT *
    INTO target
    FROM agent_registry
    WHERE agent_registry.agent_id = delegate_tasks.to_agent_id AND agent_registry.status <> 'deregistered';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no agent % to delegate to', quote_nullable(delegate_tasks.to_agent_id)
            USING ERRCODE = 'AE002',
                DETAIL = 'agent_registry has no row with this agent_id, or the agent is deregistered.',
                HINT = 'The view agent_overview lists the agents that there are.';
    END IF;

    SELECT task.task_id
    INTO misfit
    FROM distributed_tasks AS task
    WHERE task.task_id = ANY (delegate_tasks.task_ids)
        AND NOT (
            coalesce(task.required_agent_class = target.agent_class, TRUE)
            AND task.required_capabilities <@ target.capabilities
            AND coalesce(semver_satisfies(target.current_version, task.agent_version_range), TRUE)
        )
    ORDER BY task.task_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'agent % does not fit task %', quote_literal(target.agent_id), misfit
            USING ERRCODE = 'AE105',
                DETAIL = 'The task requires another class, more capabilities, or another version.',
                HINT = 'Choose an agent that fits; agent_registry says what each one is and can do.';
    END IF;

    -- The attempt that ends here is not counted: nothing has failed.
    WITH passed_on AS (
        UPDATE distributed_tasks AS task SET
            status = CASE WHEN task.status = 'blocked' THEN 'blocked' ELSE 'ready' END::task_status,
            delegation_strategy = 'direct',
            assigned_to_agent_id = target.agent_id,
            delegated_by_agent_id = acting,
            attempt = CASE WHEN task.status = 'leased' THEN task.attempt - 1 ELSE task.attempt END,
            lease_expires_at = NULL,
            attempt_history = CASE
                WHEN task.status = 'leased' THEN task.attempt_history || jsonb_build_object(
                    'attempt', task.attempt,
                    'agent_id', task.assigned_to_agent_id,
                    'leased_at', task.leased_at,
                    'ended_at', clock_timestamp(),
                    'outcome', 'delegated'
                )
                ELSE task.attempt_history
            END
        FROM unnest(delegate_tasks.task_ids, delegate_tasks.fencing_tokens) AS given (task_id, fencing_token)
        WHERE task.task_id = given.task_id
            AND (
                task.status <> 'leased'
                OR (task.assigned_to_agent_id = acting AND task.fencing_token = given.fencing_token)
            )
        RETURNING task.task_id, task.queue, task.status, task.run_at
    )

    SELECT
        coalesce(array_agg(passed_on.task_id), '{}'),
        array_agg(DISTINCT passed_on.queue) FILTER (
            WHERE passed_on.status = 'ready' AND passed_on.run_at <= clock_timestamp()
        )
    INTO delegated, queues
    FROM passed_on;

    IF cardinality(delegated) < cardinality(delegate_tasks.task_ids) THEN
        PERFORM refuse_unheld(acting, delegate_tasks.task_ids, delegated);
    END IF;
    PERFORM notify_workers(queues);
    RETURN cardinality(delegated);
END
$$;

COMMENT ON FUNCTION delegate_tasks(uuid[], text, bigint[], text) IS
'Passes tasks on to one agent, all or none: tasks that an agent holds, or waiting ones that it enqueued, that are meant for it,
or that an agent below it has. They become direct tasks of the other agent, with no attempt used up.
Arguments: task_ids; to_agent_id; fencing_tokens, for tasks that are held, as claim_tasks() gave them, in the same order; agent_id:
on whose behalf; by default the session''s own agent, or the service. Result: how many were passed on.
Errors: AE001 no tasks given, or arrays of different lengths, AE002 no such agent, AE003 not this session''s agent, AE004 the agent
is deregistered, AE103 one is held by another, or under another token (DETAIL names which), AE104 there is no such task or the
agent has no say over it, AE105 the agent passed on to does not fit, AE106 one is finished.';

REVOKE EXECUTE ON FUNCTION delegate_tasks(uuid[], text, bigint[], text) FROM public;
GRANT EXECUTE ON FUNCTION delegate_tasks(uuid[], text, bigint[], text) TO agent, orchestrator, service_role;
