CREATE FUNCTION detach_agent(child_agent_id text, agent_id text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    acting CONSTANT text := acting_agent_id(detach_agent.agent_id);
    former text;
BEGIN
    PERFORM lock_hierarchy();
    DELETE FROM agent_hierarchy AS link
    WHERE link.child_agent_id = detach_agent.child_agent_id
        AND (acting IS NULL OR agent_leads(acting, link.parent_agent_id))
    RETURNING link.parent_agent_id INTO former;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'agent % cannot be detached', quote_nullable(detach_agent.child_agent_id)
            USING ERRCODE = 'AE203',
                DETAIL = format(
                    'It has no parent, or none that is %s.', coalesce('agent ' || quote_literal(acting) || ' or below it', 'known')
                ),
                HINT = 'Its parent, an agent above that, or the service may do this; an agent cannot leave its parent by itself.';
    END IF;
    RETURN former;
END
$$;

COMMENT ON FUNCTION detach_agent(text, text) IS
'Takes an agent, with all below it, from its parent: it stands alone. Its parent may do this, an agent above that, or the service.
Arguments: child_agent_id; agent_id: on whose behalf; by default the session''s own agent, or the service.
Result: the parent it had.
Errors: AE002 no such acting agent, AE003 not this session''s agent, AE004 it is deregistered, AE202 the isolation level does not
allow it, AE203 the child has no parent, or none that the acting agent is or leads.';

REVOKE EXECUTE ON FUNCTION detach_agent(text, text) FROM public;
GRANT EXECUTE ON FUNCTION detach_agent(text, text) TO agent, orchestrator, service_role;
