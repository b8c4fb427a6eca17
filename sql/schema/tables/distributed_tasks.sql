-- No foreign keys to agent_registry: claim and complete would pay one look-up a task for what claim_tasks() and
-- enqueue_tasks() have just checked, and agents are never deleted, they deregister.
-- What indexes and constraints read comes first, of that what is always there and has a fixed length: PostgreSQL finds a column
-- by way of those before it, for each of them, in each update.
CREATE TABLE distributed_tasks (
    task_id uuid NOT NULL DEFAULT gen_random_uuid(),
    status task_status NOT NULL DEFAULT 'ready',
    priority smallint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    unmet_dependencies integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts positive_number NOT NULL DEFAULT 5,
    fencing_token bigint NOT NULL DEFAULT 0,
    retry_backoff duration NOT NULL DEFAULT '10 seconds',
    delegation_strategy delegation_strategy NOT NULL DEFAULT 'capability',
    on_dependency_failure dependency_failure_policy NOT NULL DEFAULT 'cancel',
    lease_expires_at timestamptz,
    finished_at timestamptz,
    leased_at timestamptz,
    queue text GENERATED ALWAYS AS (coalesce('@' || assigned_to_agent_id, required_agent_class, '*')) STORED,
    assigned_to_agent_id text,
    required_agent_class agent_class_name,
    depends_on uuid[] NOT NULL DEFAULT '{}',
    correlation_id uuid,
    idempotency_key text,
    created_by_agent_id text,
    required_capabilities text[] NOT NULL DEFAULT '{}',
    agent_version_bounds text[] COLLATE "C" GENERATED ALWAYS AS (semver_bounds(agent_version_range)) STORED,
    agent_version_range text,
    task_type task_type_name NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    progress jsonb,
    last_error text,
    attempt_history jsonb NOT NULL DEFAULT '[]',
    parent_task_id uuid,
    delegated_by_agent_id text,
    CONSTRAINT distributed_tasks_pkey PRIMARY KEY (task_id),
    CONSTRAINT distributed_tasks_direct_names_its_agent CHECK (
        delegation_strategy NOT IN ('direct', 'broadcast') OR assigned_to_agent_id IS NOT NULL
    ),
    CONSTRAINT distributed_tasks_blocked_waits_for_some CHECK (
        unmet_dependencies >= 0 AND (status <> 'blocked' OR unmet_dependencies > 0)
    ),
    CONSTRAINT distributed_tasks_lease_is_whole CHECK (
        (status = 'leased') = (lease_expires_at IS NOT NULL)
        AND (status <> 'leased' OR (assigned_to_agent_id IS NOT NULL AND leased_at IS NOT NULL))
    ),
    CONSTRAINT distributed_tasks_finished_at_says_so CHECK (
        (status IN ('succeeded', 'dead_letter', 'cancelled')) = (finished_at IS NOT NULL)
    )
)
WITH (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX distributed_tasks_ready_idx ON distributed_tasks (queue, priority DESC, run_at, task_id)
WHERE status = 'ready';

CREATE INDEX distributed_tasks_lease_idx ON distributed_tasks (lease_expires_at)
WHERE status = 'leased';

CREATE INDEX distributed_tasks_holder_idx ON distributed_tasks (assigned_to_agent_id)
WHERE status = 'leased';

CREATE INDEX distributed_tasks_depends_on_idx ON distributed_tasks USING gin (depends_on)
WHERE status = 'blocked';

CREATE UNIQUE INDEX distributed_tasks_idempotency_key ON distributed_tasks (idempotency_key, created_by_agent_id)
NULLS NOT DISTINCT WHERE idempotency_key IS NOT NULL;

CREATE INDEX distributed_tasks_dead_letter_idx ON distributed_tasks (required_agent_class, finished_at)
WHERE status = 'dead_letter';

CREATE INDEX distributed_tasks_correlation_idx ON distributed_tasks (correlation_id)
WHERE correlation_id IS NOT NULL;

CREATE INDEX distributed_tasks_created_at_idx ON distributed_tasks USING brin (created_at);

ALTER TABLE distributed_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE distributed_tasks FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE distributed_tasks IS
'Work for agents: a queue with priorities, leases that expire, fencing tokens, dependencies, and the story of each task.';
COMMENT ON COLUMN distributed_tasks.task_id IS 'Its identity; may be chosen when it is enqueued.';
COMMENT ON COLUMN distributed_tasks.task_type IS 'What is to be done, a name that agents know.';
COMMENT ON COLUMN distributed_tasks.status IS 'Where it is in its life.';
COMMENT ON COLUMN distributed_tasks.priority IS 'Higher runs first; of equals the one with the earlier run_at.';
COMMENT ON COLUMN distributed_tasks.run_at IS 'Not to be claimed before this.';
COMMENT ON COLUMN distributed_tasks.payload IS 'What the agent needs to do it.';
COMMENT ON COLUMN distributed_tasks.result IS 'What came of it, given at completion.';
COMMENT ON COLUMN distributed_tasks.progress IS
'How far it is, in the words of the agent that holds it; kept over attempts, so that the next holder may go on from there.';
COMMENT ON COLUMN distributed_tasks.last_error IS 'Why its last attempt did not succeed.';
COMMENT ON COLUMN distributed_tasks.required_agent_class IS 'Only agents of this class may claim it; NULL: any class.';
COMMENT ON COLUMN distributed_tasks.required_capabilities IS 'Only agents that have all of these may claim it.';
COMMENT ON COLUMN distributed_tasks.agent_version_range IS
'Only agents whose version is in this range may claim it, e.g. ^1.8.0; NULL: any version. semver_bounds() says how to write it.';
COMMENT ON COLUMN distributed_tasks.agent_version_bounds IS
'agent_version_range as semver_bounds() parses it: once, when the task is enqueued, not at each claim.';
COMMENT ON COLUMN distributed_tasks.delegation_strategy IS 'How the agent is found that does it.';
COMMENT ON COLUMN distributed_tasks.assigned_to_agent_id IS
'The agent that holds or last held it, and before that the one its strategy meant it for.';
COMMENT ON COLUMN distributed_tasks.queue IS
'Where it waits: in an agent''s own queue (@agent_id), in a class''s, or in the one for all (*).';
COMMENT ON COLUMN distributed_tasks.depends_on IS 'Tasks that must have ended before it becomes ready.';
COMMENT ON COLUMN distributed_tasks.unmet_dependencies IS 'How many of them it still waits for.';
COMMENT ON COLUMN distributed_tasks.on_dependency_failure IS 'What it wants when one of them does not succeed.';
COMMENT ON COLUMN distributed_tasks.attempt IS 'How often it has been claimed.';
COMMENT ON COLUMN distributed_tasks.max_attempts IS 'How often it may be claimed before it is a dead letter.';
COMMENT ON COLUMN distributed_tasks.retry_backoff IS
'How long it waits after its first failed attempt, at most; doubles with each, up to a day.';
COMMENT ON COLUMN distributed_tasks.attempt_history IS
'Attempts that did not succeed, oldest first: [{"attempt", "agent_id", "leased_at", "ended_at", "outcome", "error"}]; '
'the one that did is in assigned_to_agent_id, leased_at and finished_at. task_attempts() reads both.';
COMMENT ON COLUMN distributed_tasks.fencing_token IS
'Grows with every lease; whoever completes the task must show the present one, so that a stale holder is refused.';
COMMENT ON COLUMN distributed_tasks.leased_at IS 'When its last lease began.';
COMMENT ON COLUMN distributed_tasks.lease_expires_at IS 'When the holder loses it to others; NULL unless leased.';
COMMENT ON COLUMN distributed_tasks.idempotency_key IS
'Enqueued twice by the same creator under one key, it exists once: the second call gets the first one''s task_id.';
COMMENT ON COLUMN distributed_tasks.correlation_id IS 'Ties together what belongs to one piece of work, logs included.';
COMMENT ON COLUMN distributed_tasks.parent_task_id IS 'The task in the course of which it was made.';
COMMENT ON COLUMN distributed_tasks.created_by_agent_id IS 'The agent that enqueued it; NULL: the service.';
COMMENT ON COLUMN distributed_tasks.delegated_by_agent_id IS 'The agent that passed it on to the one it is assigned to.';
COMMENT ON COLUMN distributed_tasks.created_at IS 'When it was enqueued.';
COMMENT ON COLUMN distributed_tasks.finished_at IS 'When it succeeded, died or was cancelled; NULL before.';
