CREATE FUNCTION log_messages(messages jsonb) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    most CONSTANT integer := 10000;
    keys CONSTANT text[] := '{from_agent_id,to_agent_id,protocol,channel_name,message_type,correlation_id,reply_to_log_id,'
        'task_id,payload,latency_ms,error}';
    wrong record;
BEGIN
    IF jsonb_typeof(log_messages.messages) IS DISTINCT FROM 'array'
        OR jsonb_array_length(log_messages.messages) NOT BETWEEN 1 AND most THEN
        RAISE EXCEPTION 'messages must be a JSON array of 1 to % objects', most
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s.', coalesce(jsonb_typeof(log_messages.messages), 'NULL')),
                HINT = 'Send larger batches in parts.';
    END IF;
    SELECT one.nth, fault.reason
    INTO wrong
    FROM jsonb_array_elements(log_messages.messages) WITH ORDINALITY AS one (message, nth)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN jsonb_typeof(one.message) <> 'object' THEN 'it is no object'
            WHEN one.message - keys <> '{}' THEN 'unknown key ' || (one.message - keys)::text
            WHEN coalesce(one.message ->> 'from_agent_id', '') = '' THEN 'it has no from_agent_id'
            WHEN coalesce(one.message ->> 'message_type', '') = '' THEN 'it has no message_type'
            WHEN one.message ->> 'protocol' IS NULL THEN 'it has no protocol'
            WHEN one.message ->> 'to_agent_id' IS NULL THEN 'it has no to_agent_id'
            WHEN one.message ->> 'channel_name' IS NOT NULL THEN 'messages to a channel are logged by publish()'
        END AS reason
    ) AS fault
    WHERE fault.reason IS NOT NULL
    ORDER BY one.nth
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'message % of the batch is malformed: %', wrong.nth, wrong.reason
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: %s', left((log_messages.messages -> (wrong.nth - 1)::integer)::text, 500)),
                HINT = 'The keys are: ' || array_to_string(array_remove(keys, 'channel_name'), ', ') || '.';
    END IF;
    PERFORM authorise_agent(sender.agent_id)
    FROM (
        SELECT DISTINCT one.message ->> 'from_agent_id' AS agent_id
        FROM jsonb_array_elements(log_messages.messages) AS one (message)
    ) AS sender;

    RETURN QUERY
    INSERT INTO agent_communication_logs (
        from_agent_id, to_agent_id, protocol, message_type, correlation_id, reply_to_log_id, task_id, payload, latency_ms, error
    )
    SELECT
        given.from_agent_id, given.to_agent_id, given.protocol, given.message_type, given.correlation_id,
        given.reply_to_log_id, given.task_id, given.payload, given.latency_ms, given.error
    FROM jsonb_to_recordset(log_messages.messages) AS given (
        from_agent_id text, to_agent_id text, protocol communication_protocol, message_type text, correlation_id uuid,
        reply_to_log_id bigint, task_id uuid, payload jsonb, latency_ms real, error text
    )
    RETURNING agent_communication_logs.log_id;
END
$$;

COMMENT ON FUNCTION log_messages(jsonb) IS
'Logs messages that agents sent one another, many in one call: all of them or none. Messages to a channel are publish()''s.
Arguments: messages, an array of 1 to 10000 objects: from_agent_id, to_agent_id, protocol, message_type, and what there is of
correlation_id, reply_to_log_id, task_id, payload, latency_ms, error.
Result: their log_ids, in the same order.
Errors: AE001 a message is malformed, AE002 no such sender, AE003 not this session''s agent, AE004 the sender is deregistered.';

REVOKE EXECUTE ON FUNCTION log_messages(jsonb) FROM public;
GRANT EXECUTE ON FUNCTION log_messages(jsonb) TO agent, orchestrator, service_role;
