CREATE FUNCTION prepare_audit() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    -- Bookkeeping lies beside the ecosystem's tables, in a schema that may be another tool's to make first.
    IF to_regclass('pgstack.audit_chain') IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('pgstack.audit_chain'));
    END IF;
    IF to_regclass('pgstack.audit_chain') IS NULL THEN
        IF to_regnamespace('pgstack') IS NULL THEN
            EXECUTE 'CREATE SCHEMA pgstack';
        END IF;
        EXECUTE $table$
            CREATE TABLE pgstack.audit_chain (
                schema_name text PRIMARY KEY,
                sealed_through bigint NOT NULL DEFAULT 0,
                seals bigint NOT NULL DEFAULT 0,
                last_hash bytea NOT NULL DEFAULT '',
                pending_through bigint NOT NULL DEFAULT 0,
                pending_writers text[] NOT NULL DEFAULT '{}',
                expired_before timestamptz NOT NULL DEFAULT '-infinity',
                expired_seals bigint NOT NULL DEFAULT 0,
                expired_hash bytea NOT NULL DEFAULT ''
            )
        $table$;
        EXECUTE $table$
            CREATE TABLE pgstack.audit_seal (
                schema_name text NOT NULL,
                seal_id bigint NOT NULL,
                last_log_id bigint NOT NULL,
                sealed_at timestamptz NOT NULL DEFAULT now(),
                log_ids bigint[] NOT NULL,
                logged_at timestamptz[] NOT NULL,
                digests bytea[] NOT NULL,
                previous_hash bytea NOT NULL,
                seal_hash bytea NOT NULL,
                PRIMARY KEY (schema_name, seal_id)
            )
        $table$;
        EXECUTE $comment$
            COMMENT ON TABLE pgstack.audit_chain IS
            'The head of the chain of seals of each schema''s agent_communication_logs, and what retention has taken off its end'
        $comment$;
        EXECUTE $comment$
            COMMENT ON TABLE pgstack.audit_seal IS
            'Batches of entries of agent_communication_logs with their fingerprints, each hashed together with the one before'
        $comment$;
    END IF;
    INSERT INTO pgstack.audit_chain (schema_name) VALUES (current_schema()) ON CONFLICT DO NOTHING;
END
$$;

COMMENT ON FUNCTION prepare_audit() IS
'Makes the tables that hold the seals, in schema pgstack, if they are not there; seal() calls it.
Arguments: none. Result: nothing.
Errors: none.';

REVOKE EXECUTE ON FUNCTION prepare_audit() FROM public;
