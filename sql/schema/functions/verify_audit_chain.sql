CREATE FUNCTION verify_audit_chain()
RETURNS TABLE (intact boolean, sealed_entries bigint, fault text, log_id bigint, seal_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    chain record;
    one record;
    hash bytea;
    expected bigint;
BEGIN
    intact := TRUE;
    sealed_entries := 0;
    IF to_regclass('pgstack.audit_chain') IS NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    -- Held, so that nothing is sealed and nothing expires while it is looked at; writers of the log go on.
    SELECT * INTO chain FROM pgstack.audit_chain WHERE schema_name = current_schema() FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NEXT;
        RETURN;
    END IF;

    hash := chain.expired_hash;
    expected := chain.expired_seals;
    FOR one IN
        SELECT found.*
        FROM pgstack.audit_seal AS found
        WHERE found.schema_name = current_schema()
        ORDER BY found.seal_id
    LOOP
        expected := expected + 1;
        IF one.seal_id <> expected OR one.previous_hash <> hash
            OR one.seal_hash <> seal_hash(one.previous_hash, one.last_log_id, one.log_ids, one.logged_at, one.digests) THEN
            intact := FALSE;
            fault := CASE WHEN one.seal_id > expected THEN 'a seal was removed' ELSE 'a seal was altered' END;
            seal_id := expected;
            log_id := one.log_ids[1];
            RETURN NEXT;
            RETURN;
        END IF;
        hash := one.seal_hash;
        sealed_entries := sealed_entries + cardinality(one.log_ids);
    END LOOP;
    IF expected <> chain.seals OR hash <> chain.last_hash THEN
        intact := FALSE;
        fault := 'a seal was removed';
        seal_id := expected + 1;
        RETURN NEXT;
        RETURN;
    END IF;

    SELECT
        coalesce(sealed.log_id, entry.log_id),
        sealed.seal_id,
        CASE
            WHEN entry.log_id IS NULL THEN 'removed'
            WHEN sealed.log_id IS NULL THEN 'added'
            WHEN entry.payload_sha256 IS DISTINCT FROM sha256(convert_to(entry.payload::text, 'UTF8'))
                AND entry.digest = sealed.digest THEN 'payload altered'
            ELSE 'altered'
        END
    INTO log_id, seal_id, fault
    FROM (
        SELECT one_seal.seal_id, part.log_id, part.logged_at, part.digest
        FROM pgstack.audit_seal AS one_seal
        CROSS JOIN LATERAL unnest(one_seal.log_ids, one_seal.logged_at, one_seal.digests)
            AS part (log_id, logged_at, digest)
        WHERE one_seal.schema_name = current_schema() AND part.logged_at >= chain.expired_before
    ) AS sealed
    FULL JOIN (
        SELECT
            known.log_id, known.logged_at, known.payload, known.payload_sha256, known.payload_erased_at,
            log_digest(known) AS digest
        FROM agent_communication_logs AS known
        WHERE known.log_id <= chain.sealed_through AND known.logged_at >= chain.expired_before
    ) AS entry ON sealed.log_id = entry.log_id
    WHERE sealed.digest IS DISTINCT FROM entry.digest
        OR (
            entry.payload_erased_at IS NULL
            AND entry.payload_sha256 IS DISTINCT FROM sha256(convert_to(entry.payload::text, 'UTF8'))
        )
    ORDER BY coalesce(sealed.log_id, entry.log_id)
    LIMIT 1;
    intact := NOT FOUND;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION verify_audit_chain() IS
'Compares the log with its seals, and each seal with the one before. Erased payloads are no fault, nor are partitions that
maintain_partitions() dropped. Who can rewrite both the log and schema pgstack can deceive it: keep last_hash of
pgstack.audit_chain elsewhere, or a backup, to tell that too.
Arguments: none. Result: one row: intact; sealed_entries looked at; if not intact, fault (altered, payload altered, removed, added,
a seal was altered, a seal was removed), log_id of the first such entry, seal_id.
Errors: none.';

REVOKE EXECUTE ON FUNCTION verify_audit_chain() FROM public;
GRANT EXECUTE ON FUNCTION verify_audit_chain() TO observer, service_role;
