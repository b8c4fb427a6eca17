CREATE FUNCTION refuse_unheld(agent_id text, task_ids uuid[], held uuid[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RAISE EXCEPTION 'agent % does not hold all of these tasks', quote_nullable(refuse_unheld.agent_id)
        USING ERRCODE = 'AE103',
            DETAIL = 'Not held under the fencing token given: ' || coalesce(
                (
                    SELECT string_agg(id::text, ', ')
                    FROM unnest(refuse_unheld.task_ids) AS id
                    WHERE (id = ANY (refuse_unheld.held)) IS NOT TRUE
                ),
                'each is held, one was given twice'
            ) || '.',
            HINT = 'Another agent has them, or they are finished: drop the work done for them, and repeat the call without them.';
END
$$;

COMMENT ON FUNCTION refuse_unheld(text, uuid[], uuid[]) IS
'Refuses a call for tasks of which the agent does not hold all; the functions that take fencing tokens call it.
Arguments: agent_id, task_ids that were given, held: those of them that it holds. Result: none, it always raises.
Errors: AE103 always, DETAIL names the tasks that are not held.';

REVOKE EXECUTE ON FUNCTION refuse_unheld(text, uuid[], uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION refuse_unheld(text, uuid[], uuid[]) TO service_role;
