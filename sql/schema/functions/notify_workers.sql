CREATE FUNCTION notify_workers(queues text[]) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_notify('distributed_tasks', queue)
    FROM unnest(notify_workers.queues) AS queue;
END
$$;

COMMENT ON FUNCTION notify_workers(text[]) IS
'Wakes idle workers at commit: those that LISTEN on the channel distributed_tasks. Whatever makes tasks ready calls it, once
a batch. Not announced: a task whose run_at comes, and a lease that runs out. So a worker also asks from time to time.
Arguments: queues that have ready tasks, as in distributed_tasks.queue: the payloads, one message each. Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION notify_workers(text[]) FROM public;
GRANT EXECUTE ON FUNCTION notify_workers(text[]) TO service_role;
