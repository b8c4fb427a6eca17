CREATE FUNCTION expire_seals(before timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    one record;
BEGIN
    PERFORM prepare_audit();
    UPDATE pgstack.audit_chain SET expired_before = greatest(expired_before, expire_seals.before)
    WHERE schema_name = current_schema();

    FOR one IN
        SELECT found.seal_id, found.seal_hash, found.logged_at
        FROM pgstack.audit_seal AS found
        WHERE found.schema_name = current_schema()
        ORDER BY found.seal_id
        FOR UPDATE
    LOOP
        EXIT WHEN expire_seals.before <= ANY (one.logged_at);
        DELETE FROM pgstack.audit_seal WHERE schema_name = current_schema() AND seal_id = one.seal_id;
        UPDATE pgstack.audit_chain SET expired_seals = one.seal_id, expired_hash = one.seal_hash
        WHERE schema_name = current_schema();
    END LOOP;
END
$$;

COMMENT ON FUNCTION expire_seals(timestamptz) IS
'Notes that entries of the log from before a moment are gone by retention, and lets go of the seals that were about them alone;
maintain_partitions() calls it.
Arguments: before. Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION expire_seals(timestamptz) FROM public;
