-- No session setting changes it: numbers and times are taken in binary, or as JSON writes them.
CREATE FUNCTION log_digest(entry agent_communication_logs) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(
    jsonb_build_array(
        entry.log_id, extract(EPOCH FROM entry.logged_at), entry.from_agent_id, entry.to_agent_id, entry.protocol,
        entry.channel_name, entry.message_type, entry.correlation_id, entry.reply_to_log_id, entry.task_id,
        encode(entry.payload_sha256, 'hex'), entry.payload_bytes, encode(float4send(entry.latency_ms), 'hex'), entry.error
    )::text,
    'UTF8'
));

COMMENT ON FUNCTION log_digest(agent_communication_logs) IS
'The fingerprint under which an entry of the log is sealed: SHA-256 of all of it, with the payload''s hash in the payload''s place.
Arguments: entry. Result: 32 bytes.
Errors: none.';

REVOKE EXECUTE ON FUNCTION log_digest(agent_communication_logs) FROM public;
GRANT EXECUTE ON FUNCTION log_digest(agent_communication_logs) TO observer, service_role;
