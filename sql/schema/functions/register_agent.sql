CREATE FUNCTION register_agent(
    agent_id text,
    agent_class text,
    version text,
    agent_type agent_type DEFAULT 'standalone',
    capabilities text[] DEFAULT '{}',
    capability_embedding extensions.vector DEFAULT NULL,
    description text DEFAULT NULL,
    endpoint text DEFAULT NULL,
    metadata jsonb DEFAULT '{}',
    max_concurrent_tasks integer DEFAULT 100,
    login_role name DEFAULT NULL
)
RETURNS TABLE (status agent_status, current_version semver, desired_version semver, is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    owning_login name := register_agent.login_role;
    claimed CONSTANT boolean := session_claims() IS NOT NULL;
    reason text;
BEGIN
    IF NOT session_is_service() THEN
        IF owning_login IS NOT NULL AND owning_login <> session_user THEN
            RAISE EXCEPTION 'login % may not register an agent for login %', session_user, owning_login
                USING ERRCODE = 'AE003',
                    DETAIL = 'An agent registers itself: its login becomes the agent''s.',
                    HINT = 'Leave login_role out, or let a login with the rights of service_role register it.';
        END IF;
        IF claimed AND claimed_agent_id() IS DISTINCT FROM register_agent.agent_id THEN
            RAISE EXCEPTION 'this token may not register agent %', quote_nullable(register_agent.agent_id)
                USING ERRCODE = 'AE003',
                    DETAIL = format('The token''s agent_id is %s.', quote_nullable(claimed_agent_id())),
                    HINT = 'Register the agent that the token names, or ask for a token of this one.';
        END IF;
        owning_login := CASE WHEN NOT claimed THEN session_user END;
    END IF;

    reason := CASE
        WHEN coalesce(register_agent.agent_id, '') !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$'
            THEN 'agent_id must start with a letter or digit and have up to 200 of A-Z a-z 0-9 . _ : / -'
        WHEN coalesce(register_agent.agent_class, '') !~ '^[a-z][a-z0-9-]{0,62}$'
            THEN 'agent_class must start with a lower-case letter and have up to 63 of a-z 0-9 -'
        WHEN coalesce(register_agent.version, '') !~ '^[0-9]+\.[0-9]+\.[0-9]+'
            THEN 'version must be a semantic version such as 1.4.0'
        WHEN register_agent.agent_type IS NULL
            THEN 'agent_type must be given'
        WHEN register_agent.capabilities IS NULL OR array_position(register_agent.capabilities, NULL) IS NOT NULL
            THEN 'capabilities must be an array of names without NULL'
        WHEN jsonb_typeof(register_agent.metadata) IS DISTINCT FROM 'object'
            THEN 'metadata must be a JSON object'
        WHEN coalesce(register_agent.max_concurrent_tasks, 0) < 1
            THEN 'max_concurrent_tasks must be at least 1'
        WHEN extensions.vector_dims(register_agent.capability_embedding) <> 384
            THEN 'capability_embedding must have 384 dimensions'
    END;
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'agent % cannot be registered: %', quote_nullable(register_agent.agent_id), reason
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: agent_class %s, version %s.',
                    quote_nullable(register_agent.agent_class), quote_nullable(register_agent.version)
                ),
                HINT = 'Correct the argument and register again.';
    END IF;

    RETURN QUERY
    INSERT INTO agent_registry AS existing (
        agent_id, agent_type, agent_class, description, endpoint, metadata, login_role,
        capabilities, capability_embedding, current_version, max_concurrent_tasks
    )
    VALUES (
        register_agent.agent_id, register_agent.agent_type, register_agent.agent_class, register_agent.description,
        register_agent.endpoint, register_agent.metadata, owning_login, register_agent.capabilities,
        register_agent.capability_embedding, register_agent.version, register_agent.max_concurrent_tasks
    )
    ON CONFLICT (agent_id) DO UPDATE SET
        agent_type = excluded.agent_type,
        description = excluded.description,
        endpoint = excluded.endpoint,
        metadata = excluded.metadata,
        login_role = coalesce(excluded.login_role, existing.login_role),
        capabilities = excluded.capabilities,
        capability_embedding = excluded.capability_embedding,
        current_version = excluded.current_version,
        max_concurrent_tasks = excluded.max_concurrent_tasks,
        status = 'online',
        deregistered_at = NULL,
        active_tasks = 0,
        last_heartbeat_at = now(),
        registration_count = existing.registration_count + 1,
        version_changed_at = CASE
            WHEN excluded.current_version = existing.current_version THEN existing.version_changed_at
            ELSE now()
        END,
        version_history = CASE
            WHEN excluded.current_version = existing.current_version THEN existing.version_history
            ELSE jsonb_path_query_array(existing.version_history, '$[last - 48 to last]')
                || jsonb_build_object('from', existing.current_version, 'to', excluded.current_version, 'at', now())
        END
    WHERE existing.agent_class = excluded.agent_class
        AND (existing.login_role = excluded.login_role OR (claimed AND existing.login_role IS NULL) OR session_is_service())
    RETURNING existing.status, existing.current_version, existing.desired_version, existing.registration_count = 1;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'agent_id % is taken', quote_literal(register_agent.agent_id)
            USING ERRCODE = 'AE005',
                DETAIL = 'It is registered with another login or another agent_class.',
                HINT = 'Register under another agent_id; neither its login nor its class can be changed by registering again.';
    END IF;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'login % is another agent already', owning_login
            USING ERRCODE = 'AE005',
                DETAIL = 'A login role of its own is one agent.',
                HINT = 'Use one login an agent, or register through a login with the rights of service_role.';
    WHEN check_violation THEN
        RAISE EXCEPTION 'agent % cannot be registered: version % is no semantic version',
            quote_literal(register_agent.agent_id), quote_literal(register_agent.version)
            USING ERRCODE = 'AE001',
                DETAIL = SQLERRM,
                HINT = 'See semver.org; 1.4.0 and 2.0.0-rc.1 are well formed.';
END
$$;

COMMENT ON FUNCTION register_agent(
    text, text, text, agent_type, text[], extensions.vector, text, text, jsonb, integer, name
) IS
'Registers an agent, or registers it again: the same agent_id keeps its row, comes online, and a change of version is recorded.
Arguments: agent_id (its own stable name), agent_class, version (the one it runs), agent_type, capabilities,
capability_embedding (384 dimensions), description, endpoint, metadata, max_concurrent_tasks; login_role (the login that
is the agent) is for the service: an agent that registers itself is the login it came with, or has none where its JWT names it.
Result: one row: status, current_version, desired_version (what it should upgrade to), is_new.
Errors: AE001 an argument is malformed, AE003 for another login or not the agent of the JWT, AE005 the agent_id or the login is taken.';

REVOKE EXECUTE ON FUNCTION register_agent(
    text, text, text, agent_type, text[], extensions.vector, text, text, jsonb, integer, name
) FROM public;
GRANT EXECUTE ON FUNCTION register_agent(
    text, text, text, agent_type, text[], extensions.vector, text, text, jsonb, integer, name
) TO agent, orchestrator, service_role;
