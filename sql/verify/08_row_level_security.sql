-- Row level security is enabled and forced on every table of ours, partitions among them. pgstack.managed lists what is
-- ours where others keep tables in the same schema; without it all of the owner's count.
SELECT
    coalesce(bool_and(pg_class.relrowsecurity AND pg_class.relforcerowsecurity), FALSE) AS ok,
    CASE
        WHEN bool_and(pg_class.relrowsecurity AND pg_class.relforcerowsecurity)
            THEN '🔒 Row level security: enabled and forced on every table'
        ELSE
            'row level security not enabled and forced: '
            || coalesce(
                string_agg(pg_class.relname, ', ' ORDER BY pg_class.relname) FILTER (
                    WHERE NOT (pg_class.relrowsecurity AND pg_class.relforcerowsecurity)
                ),
                'there are no tables'
            )
    END AS message
FROM pg_class
INNER JOIN pg_class AS root ON coalesce(pg_partition_root(pg_class.oid), pg_class.oid) = root.oid
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND pg_class.relowner = current_user::regrole
    AND pg_class.relkind IN ('r', 'p')
    AND coalesce('table ' || root.relname = any(string_to_array(current_setting('pgstack.managed', TRUE), E'\n')), TRUE)
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE
            pg_depend.classid = 'pg_class'::regclass
            AND pg_depend.objid = pg_class.oid
            AND pg_depend.deptype = 'e'
    );
