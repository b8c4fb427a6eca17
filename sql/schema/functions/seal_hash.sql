CREATE FUNCTION seal_hash(
    previous_hash bytea, last_log_id bigint, log_ids bigint[], logged_at timestamptz[], digests bytea[]
)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(
    previous_hash || int8send(last_log_id) || coalesce(
        (
            SELECT string_agg(int8send(one.log_id) || timestamptz_send(one.logged_at) || one.digest, '' ORDER BY one.nth)
            FROM unnest(log_ids, logged_at, digests) WITH ORDINALITY AS one (log_id, logged_at, digest, nth)
        ),
        ''
    )
);

COMMENT ON FUNCTION seal_hash(bytea, bigint, bigint[], timestamptz[], bytea[]) IS
'The hash that ties a seal to the one before it.
Arguments: previous_hash, last_log_id up to which the seal reaches, and for each entry log_ids, logged_at, digests (log_digest()).
Result: 32 bytes.
Errors: none.';

REVOKE EXECUTE ON FUNCTION seal_hash(bytea, bigint, bigint[], timestamptz[], bytea[]) FROM public;
GRANT EXECUTE ON FUNCTION seal_hash(bytea, bigint, bigint[], timestamptz[], bytea[]) TO service_role;
