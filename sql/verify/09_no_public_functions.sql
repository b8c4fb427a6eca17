-- Nobody may execute a function of ours just because everybody may. pgstack.managed lists what is ours where others keep
-- functions in the same schema; without it all of the owner's count.
SELECT
    count(*) FILTER (WHERE granted.entries > 0) = 0 AS ok,
    CASE
        WHEN count(*) FILTER (WHERE granted.entries > 0) = 0
            THEN format('🔑 Functions: %s, none of them executable by PUBLIC', count(*))
        ELSE
            'executable by PUBLIC: '
            || string_agg(pg_proc.oid::regprocedure::text, ', ') FILTER (WHERE granted.entries > 0)
    END AS message
FROM
    pg_proc
CROSS JOIN
    LATERAL (
        SELECT count(*) AS entries
        FROM aclexplode(coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner))) AS entry
        WHERE entry.grantee = 0
    ) AS granted
WHERE
    pg_proc.pronamespace = current_schema()::regnamespace
    AND pg_proc.proowner = current_user::regrole
    AND coalesce(
        'function ' || pg_proc.oid::regprocedure::text = any(
            string_to_array(current_setting('pgstack.managed', TRUE), E'\n')
        ),
        TRUE
    )
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE
            pg_depend.classid = 'pg_proc'::regclass
            AND pg_depend.objid = pg_proc.oid
            AND pg_depend.deptype = 'e'
    );
