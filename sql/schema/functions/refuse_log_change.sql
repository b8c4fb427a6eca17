CREATE FUNCTION refuse_log_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF tg_op = 'UPDATE' THEN
        IF new.payload IS NULL
            AND new.payload_erased_at IS NOT NULL
            AND old.payload_erased_at IS NULL
            AND to_jsonb(new) - '{payload,payload_erased_at}'::text[]
                = to_jsonb(old) - '{payload,payload_erased_at}'::text[] THEN
            RETURN new;
        END IF;
    END IF;
    RAISE EXCEPTION 'agent_communication_logs is append-only: % refused', tg_op
        USING ERRCODE = 'AE301',
            DETAIL = 'Entries are the audit trail. They leave with their partition, when its time is over.',
            HINT = 'To erase a person''s data set payload to NULL and payload_erased_at, and nothing else: the hash stays.';
END
$$;

COMMENT ON FUNCTION refuse_log_change() IS
'Trigger of agent_communication_logs: refuses UPDATE, DELETE and TRUNCATE, but for erasing a payload.
Arguments: none. Result: the row, if its payload is erased and nothing else changes.
Errors: AE301 otherwise.';

REVOKE EXECUTE ON FUNCTION refuse_log_change() FROM public;
