CREATE FUNCTION disconnect_realtime() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT done.statement
    FROM run_where_allowed(ARRAY(
        SELECT format('DROP POLICY %I ON realtime.messages', pg_policy.polname)
        FROM pg_policy
        INNER JOIN pg_class ON pg_policy.polrelid = pg_class.oid
        -- Not to_regclass(): that is an error where the schema may not be used, and whoever drops all of this must get on.
        INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
        WHERE pg_namespace.nspname = 'realtime' AND pg_class.relname = 'messages'
            AND pg_policy.polname IN (realtime_policy('subscribe'), realtime_policy('publish'))
        UNION ALL
        SELECT format('ALTER PUBLICATION supabase_realtime DROP TABLE %s', ours.name)
        FROM realtime_tables() AS ours (name)
        INNER JOIN pg_publication_rel ON ours.name = pg_publication_rel.prrelid
        INNER JOIN pg_publication ON pg_publication_rel.prpubid = pg_publication.oid
        WHERE pg_publication.pubname = 'supabase_realtime'
    )) AS done (statement);
END
$$;

COMMENT ON FUNCTION disconnect_realtime() IS
'Takes back what connect_realtime() does: the ecosystem''s policies on realtime.messages go, and its tables leave the publication
supabase_realtime. Needed before can_access_channel() can get other arguments, as those policies call it; dropping the whole
schema calls it first. What the schema''s owner may not do is left, with a WARNING that gives the statement.
Arguments: none. Result: the statements that were run; none where nothing is connected.
Errors: none.';

REVOKE EXECUTE ON FUNCTION disconnect_realtime() FROM public;
GRANT EXECUTE ON FUNCTION disconnect_realtime() TO service_role;
