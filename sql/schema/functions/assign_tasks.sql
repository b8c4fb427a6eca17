CREATE FUNCTION assign_tasks(tasks jsonb) RETURNS jsonb
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    latest_turn timestamptz;
    lonely bigint;
    assigned jsonb;
BEGIN
    -- Turns are taken one after the other, until the one before has been written down.
    IF assign_tasks.tasks @? '$[*].delegation_strategy ? (@ == "round_robin")' THEN
        PERFORM pg_advisory_xact_lock('agent_registry'::regclass::oid::bigint);
        latest_turn := greatest(clock_timestamp(), (SELECT max(agent_registry.last_assigned_at) FROM agent_registry));
    END IF;

    WITH given AS (
        SELECT
            one.nth,
            one.task,
            record.*,
            row_number() OVER (
                PARTITION BY record.delegation_strategy, record.required_agent_class, record.required_capabilities,
                    record.agent_version_range
                ORDER BY one.nth
            ) AS turn
        FROM jsonb_array_elements(assign_tasks.tasks) WITH ORDINALITY AS one (task, nth)
        CROSS JOIN LATERAL jsonb_to_record(one.task) AS record (
            delegation_strategy text, required_agent_class text, required_capabilities text[], agent_version_range text
        )
    ),

    kinds AS (
        SELECT
            given.delegation_strategy,
            given.required_agent_class,
            given.required_capabilities,
            given.agent_version_range,
            count(*) AS number
        FROM given
        WHERE given.delegation_strategy IN ('least_loaded', 'round_robin', 'broadcast')
        GROUP BY 1, 2, 3, 4
    ),

    fitting AS (
        SELECT
            kinds.*,
            agent.agent_id,
            agent.waiting,
            agent.room,
            row_number() OVER kind AS place,
            count(*) OVER (kind ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS agents
        FROM kinds
        CROSS JOIN LATERAL fitting_agents(
            kinds.required_agent_class, kinds.required_capabilities, kinds.agent_version_range
        ) AS agent
        WINDOW kind AS (
            PARTITION BY kinds.delegation_strategy, kinds.required_agent_class, kinds.required_capabilities,
                kinds.agent_version_range
            ORDER BY agent.last_assigned_at NULLS FIRST, agent.agent_id
        )
    ),

    -- Each agent offers places, emptier ones first; of a batch, every task takes the best that is left.
    chosen AS (
        SELECT
            fitting.*,
            row_number() OVER (
                PARTITION BY fitting.delegation_strategy, fitting.required_agent_class, fitting.required_capabilities,
                    fitting.agent_version_range
                ORDER BY (fitting.waiting + slot.nth)::numeric / fitting.room, fitting.place
            ) AS turn
        FROM fitting
        CROSS JOIN LATERAL generate_series(1, fitting.number) AS slot (nth)
        WHERE fitting.delegation_strategy = 'least_loaded'
        UNION ALL
        SELECT
            fitting.*,
            turn.nth
        FROM fitting
        CROSS JOIN LATERAL generate_series(fitting.place, fitting.number, fitting.agents) AS turn (nth)
        WHERE fitting.delegation_strategy = 'round_robin'
        UNION ALL
        SELECT
            fitting.*,
            turn.nth
        FROM fitting
        CROSS JOIN LATERAL generate_series(1, fitting.number) AS turn (nth)
        WHERE fitting.delegation_strategy = 'broadcast'
    ),

    matched AS (
        SELECT
            given.nth,
            given.delegation_strategy,
            chosen.agent_id,
            given.task || jsonb_strip_nulls(jsonb_build_object(
                'assigned_to_agent_id', coalesce(chosen.agent_id, given.task ->> 'assigned_to_agent_id'),
                'idempotency_key', CASE
                    WHEN given.delegation_strategy = 'broadcast'
                        THEN (given.task ->> 'idempotency_key') || ' @' || chosen.agent_id
                    ELSE given.task ->> 'idempotency_key'
                END
            )) AS task
        FROM given
        LEFT JOIN chosen
            ON given.turn = chosen.turn
                AND (
                    given.delegation_strategy, given.required_agent_class, given.required_capabilities,
                    given.agent_version_range
                ) IS NOT DISTINCT FROM (
                    chosen.delegation_strategy, chosen.required_agent_class, chosen.required_capabilities,
                    chosen.agent_version_range
                )
    )

    SELECT
        min(matched.nth) FILTER (WHERE matched.delegation_strategy = 'broadcast' AND matched.agent_id IS NULL),
        jsonb_agg(matched.task ORDER BY matched.nth, matched.agent_id)
    INTO lonely, assigned
    FROM matched;

    IF lonely IS NOT NULL THEN
        RAISE EXCEPTION 'task % of the batch is a broadcast that no agent would get', lonely
            USING ERRCODE = 'AE105',
                DETAIL = 'No agent that is online has the class, capabilities and version it requires.',
                HINT = 'Require less, or enqueue it when such an agent is online.';
    END IF;
    IF latest_turn IS NOT NULL THEN
        PERFORM note_turns(assigned, latest_turn);
    END IF;
    RETURN assigned;
END
$$;

COMMENT ON FUNCTION assign_tasks(jsonb) IS
'Chooses the agents of tasks whose strategy is least_loaded, round_robin or broadcast, for enqueue_tasks(). Where no agent that is
online fits one of the first two, it waits in the queue of its class.
Arguments: tasks, as enqueue_tasks() takes them, checked.
Result: the tasks, with assigned_to_agent_id; a broadcast has become one for each agent that fits.
Errors: AE001 a range of versions is malformed, AE105 no agent that is online fits a broadcast.';

REVOKE EXECUTE ON FUNCTION assign_tasks(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION assign_tasks(jsonb) TO service_role;
