CREATE FUNCTION can_access_channel(channel_name text, action text, agent_id text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    channel record;
    actor CONSTANT text := coalesce(can_access_channel.agent_id, current_agent_id());
BEGIN
    IF coalesce(can_access_channel.action, '') NOT IN ('publish', 'subscribe') THEN
        RAISE EXCEPTION '% is nothing one does with a channel', quote_nullable(can_access_channel.action)
            USING ERRCODE = 'AE001', DETAIL = 'action is unknown.', HINT = 'action is publish or subscribe.';
    END IF;

    SELECT
        CASE can_access_channel.action WHEN 'publish' THEN known.publish_classes ELSE known.subscribe_classes END AS classes,
        CASE can_access_channel.action WHEN 'publish' THEN known.publish_roles ELSE known.subscribe_roles END AS roles
    INTO channel
    FROM realtime_channels AS known
    WHERE known.channel_name = can_access_channel.channel_name AND known.is_active;
    IF NOT FOUND THEN
        RETURN FALSE;
    END IF;

    RETURN EXISTS (
        SELECT FROM agent_registry AS agent
        WHERE agent.agent_id = actor AND agent.status <> 'deregistered'
            AND channel.classes && ARRAY[agent.agent_class, '*']
    ) OR (
        can_access_channel.agent_id IS NULL AND EXISTS (
            SELECT FROM pg_roles
            WHERE pg_roles.rolname = ANY (channel.roles)
                AND (
                    CASE
                        WHEN session_claims() IS NULL THEN pg_has_role(session_user, pg_roles.oid, 'USAGE')
                        ELSE pg_roles.rolname = session_claims() ->> 'role'
                    END
                )
        )
    );
END
$$;

COMMENT ON FUNCTION can_access_channel(text, text, text) IS
'Whether an agent may use a channel: its class is on the channel''s list; or, for the session itself, its login, or the role of its
verified JWT, is of a role there.
Arguments: channel_name; action, publish or subscribe; agent_id, NULL for this session''s own agent and login.
Result: true or false; false too for a channel that does not exist or is not in use.
Errors: AE001 the action is neither.';

REVOKE EXECUTE ON FUNCTION can_access_channel(text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION can_access_channel(text, text, text) TO agent, orchestrator, observer, service_role;
