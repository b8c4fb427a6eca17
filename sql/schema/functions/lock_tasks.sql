CREATE FUNCTION lock_tasks(task_ids uuid[], agent_id text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    wrong record;
BEGIN
    IF coalesce(cardinality(lock_tasks.task_ids), 0) = 0 THEN
        RAISE EXCEPTION 'no tasks are given'
            USING ERRCODE = 'AE001',
                DETAIL = 'task_ids is empty or NULL.',
                HINT = 'Give the task_id of each task.';
    END IF;

    -- What waits for others comes last: a completion holds the lock of what it completes when it asks for theirs.
    PERFORM
    FROM distributed_tasks
    WHERE distributed_tasks.task_id = ANY (lock_tasks.task_ids)
    ORDER BY distributed_tasks.status = 'blocked', distributed_tasks.task_id
    FOR NO KEY UPDATE;

    SELECT given.id, known.status
    INTO wrong
    FROM unnest(lock_tasks.task_ids) AS given (id)
    LEFT JOIN distributed_tasks AS known
        ON given.id = known.task_id
            AND (
                lock_tasks.agent_id IS NULL
                OR agent_leads(lock_tasks.agent_id, known.created_by_agent_id)
                OR agent_leads(lock_tasks.agent_id, known.assigned_to_agent_id)
            )
    WHERE known.task_id IS NULL OR known.finished_at IS NOT NULL
    ORDER BY known.task_id IS NOT NULL, given.id
    LIMIT 1;

    IF FOUND AND wrong.status IS NULL THEN
        RAISE EXCEPTION 'there is no task % that % may change', wrong.id, coalesce(quote_literal(lock_tasks.agent_id), 'the service')
            USING ERRCODE = 'AE104',
                DETAIL = 'It does not exist, or the agent neither enqueued nor has it, nor leads one that did or has.',
                HINT = 'Let the agent that enqueued it do this, one above it, or the service.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'task % is finished: %', wrong.id, wrong.status
            USING ERRCODE = 'AE106',
                DETAIL = 'A task that is finished never changes any more.',
                HINT = 'Repeat the call without it; enqueue another task if it is to be done again.';
    END IF;
END
$$;

COMMENT ON FUNCTION lock_tasks(uuid[], text) IS
'Locks unfinished tasks that an agent has a say over: it enqueued them, or has them, or leads the agent that did or has.
Arguments: task_ids; agent_id, NULL for the service, which has a say over all. Result: nothing.
Errors: AE001 no tasks given, AE104 there is no such task or the agent has no say over it, AE106 one is finished.';

REVOKE EXECUTE ON FUNCTION lock_tasks(uuid[], text) FROM public;
GRANT EXECUTE ON FUNCTION lock_tasks(uuid[], text) TO service_role;
