CREATE FUNCTION hash_payload() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    encoded CONSTANT bytea := convert_to(new.payload::text, 'UTF8');
BEGIN
    new.payload_sha256 := sha256(encoded);
    new.payload_bytes := coalesce(length(encoded), 0);
    new.payload_erased_at := NULL;
    RETURN new;
END
$$;

COMMENT ON FUNCTION hash_payload() IS
'Trigger of agent_communication_logs: takes hash and size of the payload, whatever the writer says they are.
Arguments: none. Result: the row.
Errors: none.';

REVOKE EXECUTE ON FUNCTION hash_payload() FROM public;
