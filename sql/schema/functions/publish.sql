CREATE FUNCTION publish(
    channel_name text,
    event text,
    payload jsonb DEFAULT '{}',
    agent_id text DEFAULT NULL,
    correlation_id uuid DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    largest CONSTANT integer := 7999;
    actor CONSTANT text := coalesce(publish.agent_id, current_agent_id());
    has_realtime CONSTANT boolean := to_regprocedure('realtime.send(jsonb, text, text, boolean)') IS NOT NULL;
    bytes CONSTANT integer := coalesce(octet_length(publish.payload::text), 0);
    limit_bytes integer;
    entry record;
    notice text;
BEGIN
    IF coalesce(publish.event, '') = '' OR length(publish.event) > 200 THEN
        RAISE EXCEPTION 'a message without an event cannot be published'
            USING ERRCODE = 'AE001',
                DETAIL = format('Given: event %s.', quote_nullable(left(publish.event, 300))),
                HINT = 'event says what kind of message it is, in 1 to 200 characters.';
    END IF;
    IF actor IS NOT NULL THEN
        PERFORM authorise_agent(actor);
    END IF;

    SELECT known.max_payload_bytes
    INTO limit_bytes
    FROM realtime_channels AS known
    WHERE known.channel_name = publish.channel_name AND known.is_active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no channel %', quote_nullable(publish.channel_name)
            USING ERRCODE = 'AE501',
                DETAIL = 'realtime_channels has no row with this channel_name that is in use.',
                HINT = 'SELECT channel_name FROM realtime_channels WHERE is_active lists them.';
    END IF;
    IF NOT can_access_channel(publish.channel_name, 'publish', publish.agent_id) THEN
        RAISE EXCEPTION '% may not publish to channel %', coalesce('agent ' || quote_literal(actor), 'login ' || session_user),
            quote_literal(publish.channel_name)
            USING ERRCODE = 'AE502',
                DETAIL = 'Neither the agent''s class nor a role of the login is on the channel''s lists.',
                HINT = 'Add it to publish_classes or publish_roles of the channel.';
    END IF;
    IF bytes > limit_bytes THEN
        RAISE EXCEPTION 'the message is too large for channel %', quote_literal(publish.channel_name)
            USING ERRCODE = 'AE503',
                DETAIL = format('It has %s bytes, max_payload_bytes is %s.', bytes, limit_bytes),
                HINT = 'Send where the data lies instead of the data, or raise max_payload_bytes.';
    END IF;

    -- The log first: what is sent after it may be dropped on the way without an error.
    INSERT INTO agent_communication_logs AS logged (
        from_agent_id, protocol, channel_name, message_type, correlation_id, payload
    )
    VALUES (
        coalesce(actor, session_user),
        CASE WHEN has_realtime THEN 'realtime' ELSE 'pg_notify' END::communication_protocol,
        publish.channel_name, publish.event, publish.correlation_id, publish.payload
    )
    RETURNING logged.log_id, logged.logged_at INTO entry;

    IF has_realtime THEN
        EXECUTE 'SELECT realtime.send($1, $2, $3, TRUE)' USING publish.payload, publish.event, publish.channel_name;
    ELSE
        notice := jsonb_build_object(
            'event', publish.event, 'from', coalesce(actor, session_user), 'log_id', entry.log_id,
            'payload', publish.payload
        )::text;
        IF octet_length(notice) > largest THEN
            notice := jsonb_build_object(
                'event', publish.event, 'from', coalesce(actor, session_user), 'log_id', entry.log_id, 'oversize', TRUE
            )::text;
        END IF;
        PERFORM pg_notify(publish.channel_name, notice);
    END IF;
    RETURN entry.log_id;
END
$$;

COMMENT ON FUNCTION publish(text, text, jsonb, text, uuid) IS
'Sends a message to a channel: logs it, then hands it to Supabase Realtime where that is present, to NOTIFY elsewhere.
The notification is a JSON object of event, from, log_id and payload; a payload too large for it is left out, with "oversize":
true, and read_message() gives it. Whoever may connect may LISTEN: what is secret does not belong into NOTIFY.
Arguments: channel_name; event, what kind of message it is; payload; agent_id that sends it, NULL for this session''s own agent or,
without one, its login; correlation_id.
Result: the log_id. Nothing is delivered before the transaction commits.
Errors: AE001 there is no event, AE002 no such agent, AE003 not this session''s agent, AE004 the agent is deregistered, AE501 no such
channel, AE502 it may not publish there, AE503 the payload is too large.';

REVOKE EXECUTE ON FUNCTION publish(text, text, jsonb, text, uuid) FROM public;
GRANT EXECUTE ON FUNCTION publish(text, text, jsonb, text, uuid) TO agent, orchestrator, service_role;
