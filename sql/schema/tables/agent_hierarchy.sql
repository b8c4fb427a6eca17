CREATE TABLE agent_hierarchy (
    parent_agent_id text NOT NULL,
    child_agent_id text NOT NULL,
    communication_protocol communication_protocol NOT NULL,
    protocol_settings jsonb NOT NULL DEFAULT '{}',
    connection_state connection_state NOT NULL DEFAULT 'pending',
    connection_state_changed_at timestamptz NOT NULL DEFAULT now(),
    connection_transitions jsonb_array NOT NULL DEFAULT '[]',
    last_error text,
    reparent_policy reparent_policy NOT NULL DEFAULT 'to_grandparent',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT agent_hierarchy_pkey PRIMARY KEY (parent_agent_id, child_agent_id),
    CONSTRAINT agent_hierarchy_child_has_one_parent UNIQUE (child_agent_id),
    CONSTRAINT agent_hierarchy_parent_agent_id_fkey FOREIGN KEY (parent_agent_id)
    REFERENCES agent_registry (agent_id),
    CONSTRAINT agent_hierarchy_child_agent_id_fkey FOREIGN KEY (child_agent_id)
    REFERENCES agent_registry (agent_id) ON DELETE CASCADE,
    CONSTRAINT agent_hierarchy_no_own_parent CHECK (parent_agent_id <> child_agent_id),
    CONSTRAINT agent_hierarchy_protocol_settings_fit CHECK (
        jsonb_typeof(protocol_settings) = 'object'
        AND CASE communication_protocol
            WHEN 'realtime' THEN jsonb_typeof(protocol_settings -> 'channel') IS NOT DISTINCT FROM 'string'
            WHEN 'pg_notify' THEN jsonb_typeof(protocol_settings -> 'channel') IS NOT DISTINCT FROM 'string'
            WHEN 'http' THEN coalesce(protocol_settings ->> 'url', '') ~ '^https?://'
            WHEN 'websocket' THEN coalesce(protocol_settings ->> 'url', '') ~ '^wss?://'
            WHEN 'grpc' THEN coalesce(protocol_settings ->> 'target', '') <> ''
            WHEN 'mcp' THEN coalesce(protocol_settings ->> 'transport', '') IN ('stdio', 'streamable_http')
            WHEN 'a2a' THEN coalesce(protocol_settings ->> 'agent_card_url', '') ~ '^https?://'
        END
    )
);

CREATE INDEX agent_hierarchy_not_connected_idx ON agent_hierarchy (connection_state, connection_state_changed_at)
WHERE connection_state <> 'connected';

ALTER TABLE agent_hierarchy ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_hierarchy FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE agent_hierarchy IS
'Who leads whom, and how they talk: a forest, each child has one parent, and a trigger keeps cycles out.';
COMMENT ON COLUMN agent_hierarchy.parent_agent_id IS 'The agent that leads.';
COMMENT ON COLUMN agent_hierarchy.child_agent_id IS 'The agent that is led; it appears here once.';
COMMENT ON COLUMN agent_hierarchy.communication_protocol IS 'How the two talk.';
COMMENT ON COLUMN agent_hierarchy.protocol_settings IS
'What the protocol needs: realtime and pg_notify {"channel"}, http and websocket {"url"}, grpc {"target"}, '
'mcp {"transport": "stdio" or "streamable_http"}, a2a {"agent_card_url"}; further keys are welcome.';
COMMENT ON COLUMN agent_hierarchy.connection_state IS 'Whether the link is up.';
COMMENT ON COLUMN agent_hierarchy.connection_state_changed_at IS
'Since when it is in that state; an end that is marked offline dates it anew.';
COMMENT ON COLUMN agent_hierarchy.connection_transitions IS
'Its last 50 changes of state, oldest first: [{"from", "to", "at"}].';
COMMENT ON COLUMN agent_hierarchy.last_error IS 'Why the link last broke, in the reporter''s words.';
COMMENT ON COLUMN agent_hierarchy.reparent_policy IS
'What becomes of the child when the parent is gone: reparent_children() sees to it.';
COMMENT ON COLUMN agent_hierarchy.created_at IS 'When the two were linked.';
