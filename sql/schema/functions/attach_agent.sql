CREATE FUNCTION attach_agent(
    parent_agent_id text,
    child_agent_id text,
    communication_protocol communication_protocol,
    protocol_settings jsonb,
    reparent_policy reparent_policy DEFAULT 'to_grandparent',
    agent_id text DEFAULT NULL
)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    acting CONSTANT text := acting_agent_id(attach_agent.agent_id);
    former text;
    missing record;
BEGIN
    SELECT given.agent_id, known.status
    INTO missing
    FROM unnest(ARRAY[attach_agent.parent_agent_id, attach_agent.child_agent_id]) AS given (agent_id)
    LEFT JOIN agent_registry AS known ON given.agent_id = known.agent_id
    WHERE known.status IS NULL OR known.status = 'deregistered'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'agent % cannot be linked', quote_nullable(missing.agent_id)
            USING ERRCODE = CASE WHEN missing.status IS NULL THEN 'AE002' ELSE 'AE004' END,
                DETAIL = CASE WHEN missing.status IS NULL THEN 'There is no such agent.' ELSE 'It is deregistered.' END,
                HINT = 'Let it call register_agent() first.';
    END IF;

    PERFORM lock_hierarchy();
    SELECT link.parent_agent_id
    INTO former
    FROM agent_hierarchy AS link
    WHERE link.child_agent_id = attach_agent.child_agent_id;

    -- Who leads an agent sees its rows and may cancel its tasks: nobody takes another that is not below it already.
    IF acting IS NOT NULL AND NOT (
        CASE
            WHEN former IS NULL THEN acting = attach_agent.child_agent_id
            ELSE agent_leads(acting, former) AND agent_leads(acting, attach_agent.parent_agent_id)
        END
    ) THEN
        RAISE EXCEPTION 'agent % has no say over the place of agent %',
            quote_literal(acting), quote_literal(attach_agent.child_agent_id)
            USING ERRCODE = 'AE203',
                DETAIL = CASE
                    WHEN former IS NULL THEN 'It stands alone, and is another agent.'
                    ELSE 'Its parent, or the new one, is not below that agent.'
                END,
                HINT = 'An agent that stands alone attaches itself; one above both parents, or the service, moves it.';
    END IF;

    INSERT INTO agent_hierarchy AS link (
        parent_agent_id, child_agent_id, communication_protocol, protocol_settings, reparent_policy
    )
    VALUES (
        attach_agent.parent_agent_id, attach_agent.child_agent_id, attach_agent.communication_protocol,
        attach_agent.protocol_settings, attach_agent.reparent_policy
    )
    ON CONFLICT ON CONSTRAINT agent_hierarchy_child_has_one_parent DO UPDATE SET
        parent_agent_id = excluded.parent_agent_id,
        communication_protocol = excluded.communication_protocol,
        protocol_settings = excluded.protocol_settings,
        reparent_policy = excluded.reparent_policy,
        connection_state = CASE
            WHEN link.parent_agent_id = excluded.parent_agent_id
                AND link.communication_protocol = excluded.communication_protocol
                AND link.protocol_settings = excluded.protocol_settings THEN link.connection_state
            ELSE 'pending'
        END;
    RETURN former;
END
$$;

COMMENT ON FUNCTION attach_agent(text, text, communication_protocol, jsonb, reparent_policy, text) IS
'Puts an agent, with all below it, under a parent, or moves it there from the one it has; again with the same arguments changes
nothing. An agent that stands alone attaches itself; one that has a parent is moved by an agent above both parents; the service
does either. A new link, or one that talks in another way, is pending until record_connection() says more.
Arguments: parent_agent_id, child_agent_id; communication_protocol and protocol_settings, how the two talk and what that needs;
reparent_policy, what becomes of the child when the parent is gone; agent_id: on whose behalf; by default the session''s own agent, or
the service. Result: the parent it had; NULL if it stood alone.
Errors: AE002 no such agent, AE003 not this session''s agent, AE004 one of them is deregistered, AE201 the link would close a cycle,
AE202 the isolation level does not allow it, AE203 the agent has no say over the child''s place.';

REVOKE EXECUTE ON FUNCTION attach_agent(text, text, communication_protocol, jsonb, reparent_policy, text) FROM public;
GRANT EXECUTE ON FUNCTION attach_agent(text, text, communication_protocol, jsonb, reparent_policy, text)
TO agent, orchestrator, service_role;
