-- What a restore can lose without an error, by kind and name. Not-null constraints are left out: servers before 18 have none.
WITH own_schema AS (
    SELECT
        oid,
        nspname
    FROM pg_catalog.pg_namespace
    WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
),

own_relation AS (
    SELECT
        c.oid,
        c.relkind,
        pg_catalog.format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c
    INNER JOIN own_schema AS s ON c.relnamespace = s.oid
    WHERE
        c.relpersistence <> 't'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
)

SELECT
    CASE
        WHEN relkind IN ('r', 'p') THEN 'table'
        WHEN relkind IN ('i', 'I') THEN 'index'
        WHEN relkind = 'S' THEN 'sequence'
        WHEN relkind = 'f' THEN 'foreign table'
        ELSE 'view'
    END AS kind,
    name
FROM own_relation
WHERE relkind IN ('r', 'p', 'i', 'I', 'S', 'f', 'v', 'm')
UNION ALL
SELECT
    'constraint' AS kind,
    pg_catalog.format('%I on %s', x.conname, r.name) AS name
FROM pg_catalog.pg_constraint AS x
INNER JOIN own_relation AS r ON x.conrelid = r.oid
WHERE x.contype <> 'n'
UNION ALL
SELECT
    'trigger' AS kind,
    pg_catalog.format('%I on %s', t.tgname, r.name) AS name
FROM pg_catalog.pg_trigger AS t
INNER JOIN own_relation AS r ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'policy' AS kind,
    pg_catalog.format('%I on %s', p.polname, r.name) AS name
FROM pg_catalog.pg_policy AS p
INNER JOIN own_relation AS r ON p.polrelid = r.oid
UNION ALL
SELECT
    'function' AS kind,
    p.oid::pg_catalog.regprocedure::text AS name
FROM pg_catalog.pg_proc AS p
INNER JOIN own_schema AS s ON p.pronamespace = s.oid
WHERE
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
ORDER BY 1, 2
