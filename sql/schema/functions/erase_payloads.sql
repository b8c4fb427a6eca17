CREATE FUNCTION erase_payloads(log_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    erased bigint;
BEGIN
    UPDATE agent_communication_logs AS entry SET payload = NULL, payload_erased_at = clock_timestamp()
    WHERE entry.log_id = ANY (erase_payloads.log_ids) AND entry.payload IS NOT NULL;

    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END
$$;

COMMENT ON FUNCTION erase_payloads(bigint[]) IS
'Erases what was said in entries of the log, for good: a person''s right. Who spoke to whom and when stays, and so does the
payload''s hash, so that seals stay whole. A hash of something short can be guessed by trying: such things are to be logged
encrypted, or not at all. Backups keep the payload until they are deleted.
Arguments: log_ids. Result: how many payloads were erased; those erased before do not count.
Errors: none.';

REVOKE EXECUTE ON FUNCTION erase_payloads(bigint[]) FROM public;
GRANT EXECUTE ON FUNCTION erase_payloads(bigint[]) TO service_role;
