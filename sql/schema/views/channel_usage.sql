CREATE VIEW channel_usage WITH (security_invoker = TRUE) AS
SELECT
    channel.channel_name,
    channel.channel_type,
    channel.is_active,
    channel.message_count,
    channel.message_bytes,
    channel.last_message_at,
    channel.usage_counted_through,
    recent.messages AS messages_last_hour,
    recent.publishers AS publishers_last_hour
FROM realtime_channels AS channel
CROSS JOIN LATERAL (
    SELECT
        count(*) AS messages,
        count(DISTINCT entry.from_agent_id) AS publishers
    FROM agent_communication_logs AS entry
    WHERE entry.channel_name = channel.channel_name AND entry.logged_at > now() - interval '1 hour'
) AS recent;

COMMENT ON VIEW channel_usage IS 'How much each channel is used, as far as the reader may see its messages.';
COMMENT ON COLUMN channel_usage.channel_name IS 'The channel.';
COMMENT ON COLUMN channel_usage.channel_type IS 'Its kind.';
COMMENT ON COLUMN channel_usage.is_active IS 'Whether it is in use.';
COMMENT ON COLUMN channel_usage.message_count IS 'Messages, up to usage_counted_through: seal() counts them.';
COMMENT ON COLUMN channel_usage.message_bytes IS 'Bytes of those messages.';
COMMENT ON COLUMN channel_usage.last_message_at IS 'When the last of those messages was sent.';
COMMENT ON COLUMN channel_usage.usage_counted_through IS 'Up to when messages are counted; NULL: none was.';
COMMENT ON COLUMN channel_usage.messages_last_hour IS 'Messages of the last hour, counted in the log itself.';
COMMENT ON COLUMN channel_usage.publishers_last_hour IS 'Who sent those, counted.';
