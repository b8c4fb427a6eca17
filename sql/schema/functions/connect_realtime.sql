CREATE FUNCTION connect_realtime() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT done.statement
    FROM run_where_allowed(ARRAY(
        SELECT format('ALTER PUBLICATION supabase_realtime ADD TABLE %s', ours.name)
        FROM realtime_tables() AS ours (name)
        WHERE EXISTS (
            SELECT FROM pg_publication
            WHERE pg_publication.pubname = 'supabase_realtime' AND NOT pg_publication.puballtables
                AND pg_has_role(pg_publication.pubowner, 'USAGE')
        )
        AND NOT EXISTS (
            SELECT FROM pg_publication_rel
            INNER JOIN pg_publication ON pg_publication_rel.prpubid = pg_publication.oid
            WHERE pg_publication.pubname = 'supabase_realtime' AND pg_publication_rel.prrelid = ours.name
        )
        UNION ALL
        SELECT format(
            'CREATE POLICY %I ON realtime.messages FOR %s TO agent, orchestrator, observer, service_role %s '
            '(%I.can_access_channel(realtime.topic(), %L))',
            realtime_policy(right_of.action), right_of.command, right_of.clause, current_schema(), right_of.action
        )
        FROM (VALUES ('subscribe', 'SELECT', 'USING'), ('publish', 'INSERT', 'WITH CHECK')) AS right_of (action, command, clause)
        WHERE to_regclass('realtime.messages') IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM pg_policy
                WHERE pg_policy.polrelid = to_regclass('realtime.messages')
                    AND pg_policy.polname = realtime_policy(right_of.action)
            )
    )) AS done (statement);
END
$$;

COMMENT ON FUNCTION connect_realtime() IS
'Connects the ecosystem with Supabase Realtime, where that is present: its tables join the publication supabase_realtime, and
policies on realtime.messages let agents join the channels that can_access_channel() allows. Rights are looked at when somebody
joins: one taken away works until they leave. Nothing calls it by itself; calling it again does what is missing.
disconnect_realtime() takes it back. What the schema''s owner may not do is left, with a WARNING that gives the statement.
Arguments: none. Result: the statements that were run; none without Realtime.
Errors: none.';

REVOKE EXECUTE ON FUNCTION connect_realtime() FROM public;
GRANT EXECUTE ON FUNCTION connect_realtime() TO service_role;
