-- SHA-256 rather than PostgreSQL's own hashes, which may change between versions: an agent keeps its place for good.
CREATE FUNCTION rollout_share(agent_id text, version text, salt text DEFAULT '') RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN round(
    ('x' || left(encode(sha256(convert_to(agent_id || '@' || version || '/' || salt, 'UTF8')), 'hex'), 8))::bit(32)::bigint
    * 10000 / 4294967296 / 100.0, 2
);

COMMENT ON FUNCTION rollout_share(text, text, text) IS
'Where an agent stands in the rollout of a version: it is in the ring once rollout_percentage is above this.
Arguments: agent_id, version, salt (rollout_salt of the version). Result: 0 up to below 100, in steps of 0.01, evenly spread
over agents and always the same for one; NULL for NULL.
Errors: none.';

REVOKE EXECUTE ON FUNCTION rollout_share(text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION rollout_share(text, text, text) TO agent, orchestrator, observer, service_role;
