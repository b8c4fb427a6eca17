CREATE FUNCTION read_message(log_id bigint)
RETURNS TABLE (channel_name text, event text, from_agent_id text, logged_at timestamptz, payload jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT entry.channel_name, entry.message_type, entry.from_agent_id, entry.logged_at, entry.payload
    FROM agent_communication_logs AS entry
    WHERE entry.log_id = read_message.log_id AND can_access_channel(entry.channel_name, 'subscribe');

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no message % that this session may read', read_message.log_id
            USING ERRCODE = 'AE504',
                DETAIL = 'No such message was published, or to a channel that the session may not subscribe to.',
                HINT = 'Take log_id from the notification, and see subscribe_classes of its channel.';
    END IF;
END
$$;

COMMENT ON FUNCTION read_message(bigint) IS
'A message that was published, for those who may subscribe to its channel; what an oversize notification left out.
Arguments: log_id. Result: one row: channel_name, event, from_agent_id, logged_at, payload (NULL if it was erased).
Errors: AE504 there is none, or it is not for this session.';

REVOKE EXECUTE ON FUNCTION read_message(bigint) FROM public;
GRANT EXECUTE ON FUNCTION read_message(bigint) TO agent, orchestrator, observer, service_role;
