-- No foreign key: history outlives what it speaks of, and inserts are its hot path.
CREATE TABLE agent_performance_history (
    agent_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    resolution metric_resolution NOT NULL DEFAULT 'raw',
    agent_class text NOT NULL,
    agent_version semver NOT NULL,
    sample_count integer NOT NULL DEFAULT 1,
    tasks_succeeded integer NOT NULL DEFAULT 0,
    tasks_failed integer NOT NULL DEFAULT 0,
    latency_p50_ms real,
    latency_p95_ms real,
    latency_max_ms real,
    cpu_percent real,
    memory_bytes bigint,
    active_tasks integer,
    metrics jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT agent_performance_history_pkey PRIMARY KEY (agent_id, recorded_at, resolution),
    CONSTRAINT agent_performance_history_counts_not_negative CHECK (
        sample_count > 0 AND tasks_succeeded >= 0 AND tasks_failed >= 0 AND active_tasks >= 0
    ),
    CONSTRAINT agent_performance_history_measures_not_negative CHECK (
        latency_p50_ms >= 0 AND latency_p95_ms >= 0 AND latency_max_ms >= 0 AND cpu_percent >= 0 AND memory_bytes >= 0
    ),
    CONSTRAINT agent_performance_history_hour_is_whole CHECK (
        resolution <> 'hour' OR extract(EPOCH FROM recorded_at) % 3600 = 0
    ),
    CONSTRAINT agent_performance_history_metrics_is_object CHECK (jsonb_typeof(metrics) = 'object')
)
PARTITION BY RANGE (recorded_at);

CREATE TABLE agent_performance_history_default PARTITION OF agent_performance_history DEFAULT;

CREATE INDEX agent_performance_history_recorded_at_idx ON agent_performance_history USING brin (recorded_at);

CREATE INDEX agent_performance_history_version_idx ON agent_performance_history (
    agent_class, agent_version, recorded_at DESC
);

ALTER TABLE agent_performance_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_performance_history FORCE ROW LEVEL SECURITY;

-- Rows are reached through the parent and its policies; a partition by itself shows nothing to anyone.
ALTER TABLE agent_performance_history_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_performance_history_default FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE agent_performance_history IS
'How agents have done over time, partitioned by time: samples as they report them, and a roll-up for each hour.';
COMMENT ON COLUMN agent_performance_history.agent_id IS 'The agent measured.';
COMMENT ON COLUMN agent_performance_history.recorded_at IS
'When the sample was taken, or the hour that a roll-up begins with; decides the partition.';
COMMENT ON COLUMN agent_performance_history.resolution IS 'Sample or roll-up.';
COMMENT ON COLUMN agent_performance_history.agent_class IS 'The agent''s class then.';
COMMENT ON COLUMN agent_performance_history.agent_version IS 'The version it ran then.';
COMMENT ON COLUMN agent_performance_history.sample_count IS 'How many samples the row stands for.';
COMMENT ON COLUMN agent_performance_history.tasks_succeeded IS 'Tasks it finished since its sample before.';
COMMENT ON COLUMN agent_performance_history.tasks_failed IS 'Tasks it failed at since its sample before.';
COMMENT ON COLUMN agent_performance_history.latency_p50_ms IS 'Median time a task took, in milliseconds.';
COMMENT ON COLUMN agent_performance_history.latency_p95_ms IS '95th percentile of that time, in milliseconds.';
COMMENT ON COLUMN agent_performance_history.latency_max_ms IS 'The longest such time, in milliseconds.';
COMMENT ON COLUMN agent_performance_history.cpu_percent IS 'Processor use, in percent of one core.';
COMMENT ON COLUMN agent_performance_history.memory_bytes IS 'Memory in use, in bytes.';
COMMENT ON COLUMN agent_performance_history.active_tasks IS 'Tasks it held.';
COMMENT ON COLUMN agent_performance_history.metrics IS 'Whatever else it measures: an object.';
COMMENT ON TABLE agent_performance_history_default IS 'Samples for which there is no partition of their own.';
