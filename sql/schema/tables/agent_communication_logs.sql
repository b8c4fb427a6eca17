CREATE SEQUENCE agent_communication_logs_log_id_seq AS bigint;

COMMENT ON SEQUENCE agent_communication_logs_log_id_seq IS
'Numbers the log. A sequence rather than an identity column, which partitions have from PostgreSQL 17 on only.';

-- No foreign keys: the log outlives what it speaks of, and inserts are its hot path.
CREATE TABLE agent_communication_logs (
    log_id bigint NOT NULL DEFAULT nextval('agent_communication_logs_log_id_seq'),
    logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_agent_id text NOT NULL,
    to_agent_id text,
    protocol communication_protocol NOT NULL,
    channel_name text,
    message_type text NOT NULL,
    correlation_id uuid,
    reply_to_log_id bigint,
    task_id uuid,
    payload jsonb,
    payload_sha256 bytea,
    payload_bytes integer NOT NULL DEFAULT 0,
    payload_erased_at timestamptz,
    latency_ms real,
    error text,
    CONSTRAINT agent_communication_logs_pkey PRIMARY KEY (logged_at, log_id),
    CONSTRAINT agent_communication_logs_has_a_recipient CHECK (to_agent_id IS NOT NULL OR channel_name IS NOT NULL),
    CONSTRAINT agent_communication_logs_latency_not_negative CHECK (latency_ms >= 0),
    CONSTRAINT agent_communication_logs_payload_is_hashed CHECK (
        (payload IS NULL OR payload_sha256 IS NOT NULL)
        AND (payload_erased_at IS NULL OR payload IS NULL)
    )
)
PARTITION BY RANGE (logged_at);

ALTER SEQUENCE agent_communication_logs_log_id_seq OWNED BY agent_communication_logs.log_id;

CREATE TABLE agent_communication_logs_default PARTITION OF agent_communication_logs DEFAULT;

CREATE INDEX agent_communication_logs_from_idx ON agent_communication_logs (from_agent_id, logged_at DESC);

CREATE INDEX agent_communication_logs_to_idx ON agent_communication_logs (to_agent_id, logged_at DESC)
WHERE to_agent_id IS NOT NULL;

CREATE INDEX agent_communication_logs_correlation_idx ON agent_communication_logs (correlation_id)
WHERE correlation_id IS NOT NULL;

CREATE INDEX agent_communication_logs_channel_idx ON agent_communication_logs (channel_name, logged_at DESC)
WHERE channel_name IS NOT NULL;

-- seal() finds what is new by log_id; a btree for that would cost every insert.
CREATE INDEX agent_communication_logs_logged_at_idx ON agent_communication_logs USING brin (logged_at, log_id)
WITH (autosummarize = on);

ALTER TABLE agent_communication_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_communication_logs FORCE ROW LEVEL SECURITY;

-- Rows are reached through the parent and its policies; a partition by itself shows nothing to anyone.
ALTER TABLE agent_communication_logs_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE agent_communication_logs_default FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE agent_communication_logs IS
'Every message between agents, append-only, partitioned by time: who said what to whom, when, over what, how fast.';
COMMENT ON COLUMN agent_communication_logs.log_id IS 'Number of the entry.';
COMMENT ON COLUMN agent_communication_logs.logged_at IS 'When it was logged; decides the partition.';
COMMENT ON COLUMN agent_communication_logs.from_agent_id IS 'The sender.';
COMMENT ON COLUMN agent_communication_logs.to_agent_id IS 'The recipient; NULL for a message to a channel.';
COMMENT ON COLUMN agent_communication_logs.protocol IS 'What it was sent over.';
COMMENT ON COLUMN agent_communication_logs.channel_name IS 'The channel it was published to; NULL for a message to one agent.';
COMMENT ON COLUMN agent_communication_logs.message_type IS 'What kind of message or event it is.';
COMMENT ON COLUMN agent_communication_logs.correlation_id IS 'Ties together what belongs to one piece of work, tasks included.';
COMMENT ON COLUMN agent_communication_logs.reply_to_log_id IS 'The entry it answers.';
COMMENT ON COLUMN agent_communication_logs.task_id IS 'The task it is about.';
COMMENT ON COLUMN agent_communication_logs.payload IS
'What was said. The one column that may change, to NULL, when a person''s data must be erased: its hash stays.';
COMMENT ON COLUMN agent_communication_logs.payload_sha256 IS
'SHA-256 of the payload''s text in UTF-8, taken as the entry is written; NULL if there was none.';
COMMENT ON COLUMN agent_communication_logs.payload_bytes IS 'Size of that text in bytes.';
COMMENT ON COLUMN agent_communication_logs.payload_erased_at IS 'When the payload was erased; NULL if it was not.';
COMMENT ON COLUMN agent_communication_logs.latency_ms IS 'Time from sending to answer or receipt, in milliseconds, if known.';
COMMENT ON COLUMN agent_communication_logs.error IS 'Why it was not delivered; NULL if it was.';
COMMENT ON TABLE agent_communication_logs_default IS 'Entries for which there is no partition of their own.';
