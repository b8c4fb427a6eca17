-- The kind of script that people paste into an SQL editor: everything in public, run once, never touched since.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'agent_status') THEN
        CREATE TYPE agent_status AS ENUM ('active', 'idle', 'error', 'offline');
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS agent_registry (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    agent_id varchar(255) UNIQUE NOT NULL,
    agent_type varchar(50) NOT NULL CHECK (agent_type IN ('parent_unit', 'child_unit', 'standalone')),
    agent_class varchar(100) NOT NULL,
    current_version varchar(50) NOT NULL DEFAULT '1.0.0',
    status agent_status DEFAULT 'idle',
    capabilities jsonb DEFAULT '[]'::jsonb,
    performance_metrics jsonb DEFAULT '{}'::jsonb,
    embedding vector(3),
    last_heartbeat timestamptz DEFAULT now(),
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS agent_hierarchy (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    parent_agent_id varchar(255) NOT NULL REFERENCES agent_registry (agent_id) ON DELETE CASCADE,
    child_agent_id varchar(255) NOT NULL REFERENCES agent_registry (agent_id) ON DELETE CASCADE,
    communication_protocol varchar(50) NOT NULL DEFAULT 'supabase_realtime',
    protocol_config jsonb DEFAULT '{}'::jsonb,
    created_at timestamptz DEFAULT now(),
    UNIQUE (parent_agent_id, child_agent_id),
    CHECK (parent_agent_id <> child_agent_id)
);

CREATE TABLE IF NOT EXISTS agent_versions (
    id serial PRIMARY KEY,
    agent_class varchar(100) NOT NULL,
    version varchar(50) NOT NULL,
    release_type varchar(20) DEFAULT 'stable',
    compatibility jsonb DEFAULT '{}'::jsonb,
    rollback_version varchar(50),
    released_at timestamptz DEFAULT now(),
    UNIQUE (agent_class, version)
);

CREATE TABLE IF NOT EXISTS realtime_channels (
    id bigserial PRIMARY KEY,
    channel_name varchar(255) UNIQUE NOT NULL,
    channel_type varchar(50) NOT NULL,
    access_control jsonb DEFAULT '{"public": false}'::jsonb,
    message_count bigint DEFAULT 0,
    is_active boolean DEFAULT true
);

CREATE TABLE IF NOT EXISTS distributed_tasks (
    task_id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    assigned_to_agent_id varchar(255) REFERENCES agent_registry (agent_id) ON DELETE SET NULL,
    task_type varchar(100) NOT NULL,
    status varchar(50) DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    priority integer DEFAULT 5 CHECK (priority BETWEEN 1 AND 10),
    dependencies uuid[] DEFAULT '{}',
    payload jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamptz DEFAULT now(),
    completed_at timestamptz
);

CREATE TABLE IF NOT EXISTS agent_communication_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_agent_id varchar(255),
    to_agent_id varchar(255),
    protocol varchar(50) NOT NULL,
    message jsonb,
    latency_ms integer,
    created_at timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS agent_performance_history (
    agent_id varchar(255) NOT NULL REFERENCES agent_registry (agent_id) ON DELETE CASCADE,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    cpu_usage numeric(5, 2),
    success_rate numeric(5, 4),
    PRIMARY KEY (agent_id, recorded_at)
);

CREATE INDEX IF NOT EXISTS idx_agent_registry_status ON agent_registry (status);
CREATE INDEX IF NOT EXISTS idx_agent_registry_capabilities ON agent_registry USING gin (capabilities);
CREATE INDEX IF NOT EXISTS idx_agent_registry_class_trgm ON agent_registry USING gin (agent_class gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_tasks_status_priority ON distributed_tasks (status, priority DESC);
CREATE INDEX IF NOT EXISTS idx_tasks_pending ON distributed_tasks (created_at) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS idx_logs_created ON agent_communication_logs (created_at DESC);

CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS update_agent_registry_updated_at ON agent_registry;
CREATE TRIGGER update_agent_registry_updated_at
BEFORE UPDATE ON agent_registry
FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE OR REPLACE VIEW active_agents AS
SELECT agent_id, agent_class, status, last_heartbeat FROM agent_registry WHERE status <> 'offline';

ALTER TABLE agent_registry ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Service role can manage agents" ON agent_registry FOR ALL TO service_role USING (true);
CREATE POLICY "Everyone reads agents" ON agent_registry FOR SELECT USING (true);
GRANT SELECT ON active_agents TO anon, authenticated;
GRANT ALL ON agent_registry TO service_role;

COMMENT ON TABLE agent_registry IS '모든 Agent의 중앙 등록소';
COMMENT ON COLUMN distributed_tasks.priority IS '1 is first';

INSERT INTO realtime_channels (channel_name, channel_type) VALUES
('agents.discovery', 'broadcast'), ('agents.heartbeat', 'broadcast'), ('tasks.distribution', 'broadcast'),
('system.health', 'broadcast'), ('agents.orchestrator', 'direct'), ('agents.executor', 'direct'),
('agents.indexing', 'direct'), ('agents.research', 'direct')
ON CONFLICT (channel_name) DO NOTHING;

INSERT INTO agent_versions (agent_class, version) VALUES
('test-system', '1.0.0'), ('orchestrator', '2.1.0'), ('executor', '1.8.3'), ('indexing', '1.7.1'), ('research', '1.9.0')
ON CONFLICT DO NOTHING;
