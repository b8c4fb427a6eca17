CREATE FUNCTION seal(batch_rows integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    chain record;
    drawn bigint;
    writers text[];
    settled bigint;
    batch record;
    sealed bigint := 0;
    hash bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the log cannot be sealed at isolation level %', current_setting('transaction_isolation')
            USING ERRCODE = 'AE302',
                DETAIL = 'Entries committed since the transaction began would be left out of the chain.',
                HINT = 'Use read committed.';
    END IF;
    IF coalesce(seal.batch_rows, 0) NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'seals cannot hold % entries', seal.batch_rows
            USING ERRCODE = 'AE001', DETAIL = 'batch_rows is out of range.', HINT = 'batch_rows is 1 to 100000.';
    END IF;
    PERFORM prepare_audit();
    SELECT * INTO chain FROM pgstack.audit_chain WHERE schema_name = current_schema() FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;

    -- Nobody waits for a writer and no writer for us. Numbers drawn so far are settled once everyone who wrote at that
    -- moment has ended: what is not there then will never be. If some have not, the next call looks again.
    settled := CASE WHEN chain.pending_writers && log_writers() THEN chain.sealed_through ELSE chain.pending_through END;
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO drawn FROM agent_communication_logs_log_id_seq;
    writers := log_writers();
    IF writers = '{}' THEN
        settled := drawn;
    ELSIF settled = chain.sealed_through AND chain.pending_through > settled THEN
        drawn := chain.pending_through;
        writers := chain.pending_writers;
    END IF;

    hash := chain.last_hash;
    FOR batch IN
        SELECT
            numbered.nth / seal.batch_rows AS number,
            max(numbered.log_id) AS last_log_id,
            array_agg(numbered.log_id ORDER BY numbered.nth) AS log_ids,
            array_agg(numbered.logged_at ORDER BY numbered.nth) AS logged_at,
            array_agg(numbered.digest ORDER BY numbered.nth) AS digests
        FROM (
            SELECT
                entry.log_id, entry.logged_at, log_digest(entry) AS digest,
                row_number() OVER (ORDER BY entry.log_id, entry.logged_at) - 1 AS nth
            FROM agent_communication_logs AS entry
            WHERE entry.log_id > chain.sealed_through AND entry.log_id <= settled
        ) AS numbered
        GROUP BY numbered.nth / seal.batch_rows
        ORDER BY numbered.nth / seal.batch_rows
    LOOP
        INSERT INTO pgstack.audit_seal (
            schema_name, seal_id, last_log_id, log_ids, logged_at, digests, previous_hash, seal_hash
        )
        VALUES (
            current_schema(), chain.seals + batch.number + 1, batch.last_log_id, batch.log_ids, batch.logged_at,
            batch.digests, hash,
            seal_hash(hash, batch.last_log_id, batch.log_ids, batch.logged_at, batch.digests)
        )
        RETURNING seal_hash INTO hash;
        sealed := sealed + cardinality(batch.log_ids);
    END LOOP;

    -- Each entry is sealed once, so this is where it is counted: publishers write no row that others write.
    UPDATE realtime_channels AS channel SET
        message_count = channel.message_count + sent.messages,
        message_bytes = channel.message_bytes + sent.bytes,
        last_message_at = greatest(channel.last_message_at, sent.last_at),
        usage_counted_through = greatest(channel.usage_counted_through, sent.last_at)
    FROM (
        SELECT
            entry.channel_name, count(*) AS messages, sum(entry.payload_bytes) AS bytes, max(entry.logged_at) AS last_at
        FROM agent_communication_logs AS entry
        WHERE entry.log_id > chain.sealed_through AND entry.log_id <= settled AND entry.channel_name IS NOT NULL
        GROUP BY entry.channel_name
    ) AS sent
    WHERE channel.channel_name = sent.channel_name;

    UPDATE pgstack.audit_chain SET
        sealed_through = settled,
        seals = chain.seals + ceil(sealed::numeric / seal.batch_rows),
        last_hash = hash,
        pending_through = drawn,
        pending_writers = writers
    WHERE schema_name = current_schema();
    RETURN sealed;
END
$$;

COMMENT ON FUNCTION seal(integer) IS
'Seals what the log has gained: fingerprints of its entries go into schema pgstack, each batch hashed with the one before. From
then on verify_audit_chain() tells if an entry is altered, removed or added. Counts the channels'' usage on the way. Inserts do
not wait for it, nor it for them: an entry is sealed once all that were being written beside it have ended.
Arguments: batch_rows, entries a seal (1 to 100000). Result: how many entries were sealed; 0 also while another session seals.
Errors: AE001 batch_rows is out of range, AE302 the isolation level is not read committed.';

REVOKE EXECUTE ON FUNCTION seal(integer) FROM public;
GRANT EXECUTE ON FUNCTION seal(integer) TO service_role;
