CREATE TABLE realtime_channels (
    channel_name text NOT NULL,
    channel_type channel_type NOT NULL,
    description text NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT TRUE,
    publish_classes text[] NOT NULL DEFAULT '{}',
    subscribe_classes text[] NOT NULL DEFAULT '{}',
    publish_roles text[] NOT NULL DEFAULT '{service_role}',
    subscribe_roles text[] NOT NULL DEFAULT '{service_role,observer}',
    max_payload_bytes integer NOT NULL DEFAULT 262144,
    message_count bigint NOT NULL DEFAULT 0,
    message_bytes bigint NOT NULL DEFAULT 0,
    last_message_at timestamptz,
    usage_counted_through timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT realtime_channels_pkey PRIMARY KEY (channel_name),
    CONSTRAINT realtime_channels_channel_name_is_well_formed CHECK (
        channel_name ~ '^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$' AND length(channel_name) <= 63
    ),
    CONSTRAINT realtime_channels_lists_have_no_null CHECK (
        array_position(publish_classes || subscribe_classes || publish_roles || subscribe_roles, NULL) IS NULL
    ),
    CONSTRAINT realtime_channels_max_payload_bytes_in_range CHECK (max_payload_bytes BETWEEN 1 AND 16777216),
    CONSTRAINT realtime_channels_usage_not_negative CHECK (message_count >= 0 AND message_bytes >= 0)
);

CREATE INDEX realtime_channels_publish_classes_idx ON realtime_channels USING gin (publish_classes);

CREATE INDEX realtime_channels_subscribe_classes_idx ON realtime_channels USING gin (subscribe_classes);

ALTER TABLE realtime_channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE realtime_channels FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE realtime_channels IS
'The channels agents talk over: what each is for, who may publish and subscribe, how much it is used.';
COMMENT ON COLUMN realtime_channels.channel_name IS 'Its name, dotted, e.g. agents.discovery; the topic in Supabase Realtime.';
COMMENT ON COLUMN realtime_channels.channel_type IS 'What kind of channel it is.';
COMMENT ON COLUMN realtime_channels.description IS 'What it is for.';
COMMENT ON COLUMN realtime_channels.is_active IS 'Whether it is in use at all.';
COMMENT ON COLUMN realtime_channels.publish_classes IS 'Classes of agents that may publish; * means every class.';
COMMENT ON COLUMN realtime_channels.subscribe_classes IS 'Classes of agents that may subscribe; * means every class.';
COMMENT ON COLUMN realtime_channels.publish_roles IS 'Database roles that may publish.';
COMMENT ON COLUMN realtime_channels.subscribe_roles IS 'Database roles that may subscribe.';
COMMENT ON COLUMN realtime_channels.max_payload_bytes IS 'The largest message it takes, in bytes.';
COMMENT ON COLUMN realtime_channels.message_count IS
'Messages counted up to usage_counted_through. Publishers never write this row, which would make them queue: '
'the count is taken from agent_communication_logs.';
COMMENT ON COLUMN realtime_channels.message_bytes IS 'Bytes of those messages.';
COMMENT ON COLUMN realtime_channels.last_message_at IS 'When the last of those messages was sent.';
COMMENT ON COLUMN realtime_channels.usage_counted_through IS 'Up to when messages are counted; NULL: not counted yet.';
COMMENT ON COLUMN realtime_channels.created_at IS 'When it was set up.';
