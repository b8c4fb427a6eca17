-- A heartbeat rewrites the row: half of each page is free for it, nothing it writes is indexed (every heartbeat is a
-- HOT update), and of a row beyond PostgreSQL's 2 kB the embedding is kept out of line so that it is not copied each time.
CREATE TABLE agent_registry (
    agent_id agent_name NOT NULL,
    agent_type agent_type NOT NULL,
    agent_class agent_class_name NOT NULL,
    status agent_status NOT NULL DEFAULT 'online',
    description text,
    endpoint text,
    metadata jsonb_object NOT NULL DEFAULT '{}',
    login_role name,
    capabilities name_list NOT NULL DEFAULT '{}',
    capability_embedding extensions.vector(384),
    search_text text GENERATED ALWAYS AS (
        agent_search_text(agent_id, agent_class, description, capabilities)
    ) STORED,
    current_version semver NOT NULL,
    current_version_key text COLLATE "C" GENERATED ALWAYS AS (semver_key(current_version)) STORED,
    desired_version semver,
    version_changed_at timestamptz NOT NULL DEFAULT now(),
    version_history jsonb_array NOT NULL DEFAULT '[]',
    active_tasks natural_number NOT NULL DEFAULT 0,
    max_concurrent_tasks positive_number NOT NULL DEFAULT 100,
    performance_metrics jsonb_object NOT NULL DEFAULT '{}',
    last_assigned_at timestamptz,
    last_heartbeat_at timestamptz NOT NULL DEFAULT now(),
    registered_at timestamptz NOT NULL DEFAULT now(),
    registration_count integer NOT NULL DEFAULT 1,
    deregistered_at timestamptz,
    CONSTRAINT agent_registry_pkey PRIMARY KEY (agent_id),
    CONSTRAINT agent_registry_deregistered_at_says_so CHECK (
        (status = 'deregistered') = (deregistered_at IS NOT NULL)
    ),
    CONSTRAINT agent_registry_desired_version_fkey FOREIGN KEY (agent_class, desired_version)
    REFERENCES agent_versions (agent_class, version)
)
WITH (
    fillfactor = 50,
    toast_tuple_target = 512,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);

CREATE UNIQUE INDEX agent_registry_login_role_key ON agent_registry (login_role)
WHERE login_role IS NOT NULL;

CREATE INDEX agent_registry_class_version_idx ON agent_registry (agent_class, current_version_key);

CREATE INDEX agent_registry_class_desired_version_idx ON agent_registry (agent_class, desired_version)
WHERE desired_version IS NOT NULL;

CREATE INDEX agent_registry_type_idx ON agent_registry (agent_type, agent_class);

CREATE INDEX agent_registry_capabilities_idx ON agent_registry USING gin (capabilities);

CREATE INDEX agent_registry_search_text_idx ON agent_registry
USING gin (search_text extensions.gin_trgm_ops);

CREATE INDEX agent_registry_search_words_idx ON agent_registry USING gin (search_words(search_text));

CREATE INDEX agent_registry_capability_embedding_idx ON agent_registry
USING hnsw (capability_embedding extensions.vector_cosine_ops);

ALTER TABLE agent_registry ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_registry FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE agent_registry IS
'Every agent there is or was, one row each: who it is, what it can do, which version it runs, whether it lives.';
COMMENT ON COLUMN agent_registry.agent_id IS 'The agent''s own stable name, chosen by it, e.g. executor-7.';
COMMENT ON COLUMN agent_registry.agent_type IS 'Its place in the hierarchy.';
COMMENT ON COLUMN agent_registry.agent_class IS 'The kind of agent, e.g. executor; its releases are in agent_versions.';
COMMENT ON COLUMN agent_registry.status IS 'Where it is in its life. Not indexed: heartbeats write it.';
COMMENT ON COLUMN agent_registry.description IS 'What it does, for people and for search.';
COMMENT ON COLUMN agent_registry.endpoint IS 'Where it can be called, if it can: a URI.';
COMMENT ON COLUMN agent_registry.metadata IS 'Whatever else it says of itself: an object.';
COMMENT ON COLUMN agent_registry.login_role IS
'The PostgreSQL login that is this agent and no other: a session of it acts as the agent. NULL: only the service does.';
COMMENT ON COLUMN agent_registry.capabilities IS 'Names of what it can do; a task is claimed by an agent that has all it requires.';
COMMENT ON COLUMN agent_registry.capability_embedding IS 'Embedding of its capabilities, for search by meaning (cosine).';
COMMENT ON COLUMN agent_registry.search_text IS 'The text that search by words reads.';
COMMENT ON COLUMN agent_registry.current_version IS 'The version it said it runs when it last registered.';
COMMENT ON COLUMN agent_registry.current_version_key IS 'current_version in sortable form.';
COMMENT ON COLUMN agent_registry.desired_version IS 'The version it should upgrade itself to; heartbeat() tells it. NULL: no wish.';
COMMENT ON COLUMN agent_registry.version_changed_at IS 'When current_version last changed.';
COMMENT ON COLUMN agent_registry.version_history IS 'Its last 50 changes of version, oldest first: [{"from", "to", "at"}].';
COMMENT ON COLUMN agent_registry.active_tasks IS 'How many tasks it says it works on, as of its last heartbeat.';
COMMENT ON COLUMN agent_registry.max_concurrent_tasks IS 'How many tasks it can work on at a time: what its load is measured against.';
COMMENT ON COLUMN agent_registry.performance_metrics IS
'Its newest measurements: an object; what came before is in agent_performance_history.';
COMMENT ON COLUMN agent_registry.last_assigned_at IS 'When round_robin last chose it: the one chosen longest ago is next.';
COMMENT ON COLUMN agent_registry.last_heartbeat_at IS
'When it last gave a sign of life. Not indexed, so that a heartbeat stays cheap: liveness is swept by scanning.';
COMMENT ON COLUMN agent_registry.registered_at IS 'When it first registered.';
COMMENT ON COLUMN agent_registry.registration_count IS 'How often it has registered: starts of the agent.';
COMMENT ON COLUMN agent_registry.deregistered_at IS 'When it left; NULL while it is part of the ecosystem.';
