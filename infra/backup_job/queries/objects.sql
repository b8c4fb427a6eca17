-- What a restore can lose or change without an error, by kind and name, each with what defines it.
-- Not-null constraints are columns' own here: servers before 18 have no objects for them.
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
        c.reloptions,
        c.relpersistence,
        c.relrowsecurity,
        c.relforcerowsecurity,
        c.relreplident,
        pg_catalog.format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c
    INNER JOIN own_schema AS s ON c.relnamespace = s.oid
    WHERE
        c.relpersistence <> 't'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
),

own_column AS (
    SELECT
        a.attrelid,
        pg_catalog.string_agg(
            pg_catalog.concat_ws(
                ' ', pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                a.attgenerated, a.attstorage, a.attcompression, a.attislocal,
                CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::text END,
                pg_catalog.pg_get_expr(e.adbin, e.adrelid)
            ), E'\n'
            ORDER BY a.attnum
        ) AS definition
    FROM pg_catalog.pg_attribute AS a
    INNER JOIN own_relation AS r ON a.attrelid = r.oid
    INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
    LEFT JOIN pg_catalog.pg_attrdef AS e ON a.attrelid = e.adrelid AND a.attnum = e.adnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
),

own_type AS (
    SELECT
        t.oid,
        t.typtype,
        t.typbasetype,
        t.typtypmod,
        t.typnotnull,
        t.typdefault,
        t.typrelid,
        pg_catalog.format('%I.%I', s.nspname, t.typname) AS name
    FROM pg_catalog.pg_type AS t
    INNER JOIN own_schema AS s ON t.typnamespace = s.oid
    WHERE
        t.typtype IN ('c', 'd', 'e', 'r')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_class AS c
            WHERE c.oid = t.typrelid AND c.relkind <> 'c'
        )
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
        )
)

SELECT
    CASE
        WHEN r.relkind IN ('r', 'p') THEN 'table'
        WHEN r.relkind IN ('i', 'I') THEN 'index'
        WHEN r.relkind = 'S' THEN 'sequence'
        WHEN r.relkind = 'f' THEN 'foreign table'
        ELSE 'view'
    END AS kind,
    r.name,
    pg_catalog.concat_ws(
        E'\n', r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relreplident,
        (SELECT pg_catalog.string_agg(o.entry, ',' ORDER BY o.entry) FROM pg_catalog.unnest(r.reloptions) AS o (entry)),
        CASE WHEN r.relkind IN ('i', 'I') THEN pg_catalog.pg_get_indexdef(r.oid) END,
        CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END,
        CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
        pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        (
            SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ',' ORDER BY i.inhseqno)
            FROM pg_catalog.pg_inherits AS i
            WHERE i.inhrelid = r.oid
        ),
        CASE WHEN r.relkind IN ('r', 'p', 'f') THEN k.definition END,
        q.seqtypid::pg_catalog.regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle
    ) AS definition
FROM own_relation AS r
INNER JOIN pg_catalog.pg_class AS c ON r.oid = c.oid
LEFT JOIN own_column AS k ON r.oid = k.attrelid
LEFT JOIN pg_catalog.pg_sequence AS q ON r.oid = q.seqrelid
WHERE r.relkind IN ('r', 'p', 'i', 'I', 'S', 'f', 'v', 'm')
UNION ALL
SELECT
    'constraint' AS kind,
    pg_catalog.format('%I on %s', x.conname, r.name) AS name,
    pg_catalog.pg_get_constraintdef(x.oid) AS definition
FROM pg_catalog.pg_constraint AS x
INNER JOIN own_relation AS r ON x.conrelid = r.oid
WHERE x.contype <> 'n'
UNION ALL
SELECT
    'trigger' AS kind,
    pg_catalog.format('%I on %s', t.tgname, r.name) AS name,
    pg_catalog.concat(pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled) AS definition
FROM pg_catalog.pg_trigger AS t
INNER JOIN own_relation AS r ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'policy' AS kind,
    pg_catalog.format('%I on %s', p.polname, r.name) AS name,
    pg_catalog.concat_ws(
        E'\n', p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
        (
            SELECT pg_catalog.string_agg(role.oid::pg_catalog.regrole::text, ',' ORDER BY role.oid::pg_catalog.regrole::text)
            FROM pg_catalog.unnest(p.polroles) AS role (oid)
        )
    ) AS definition
FROM pg_catalog.pg_policy AS p
INNER JOIN own_relation AS r ON p.polrelid = r.oid
UNION ALL
SELECT
    'function' AS kind,
    p.oid::pg_catalog.regprocedure::text AS name,
    CASE WHEN p.prokind = 'a' THEN '' ELSE pg_catalog.pg_get_functiondef(p.oid) END AS definition
FROM pg_catalog.pg_proc AS p
INNER JOIN own_schema AS s ON p.pronamespace = s.oid
WHERE
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
UNION ALL
SELECT
    'type' AS kind,
    t.name,
    pg_catalog.concat_ws(
        E'\n', t.typtype, pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typnotnull, t.typdefault,
        (
            SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
            FROM pg_catalog.pg_enum AS e
            WHERE e.enumtypid = t.oid
        ),
        (
            SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', x.conname, pg_catalog.pg_get_constraintdef(x.oid)), ',' ORDER BY x.conname)
            FROM pg_catalog.pg_constraint AS x
            WHERE x.contypid = t.oid AND x.contype <> 'n'
        ),
        (
            SELECT
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ','
                    ORDER BY a.attnum
                )
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        )
    ) AS definition
FROM own_type AS t
UNION ALL
SELECT
    'event trigger' AS kind,
    pg_catalog.quote_ident(e.evtname) AS name,
    pg_catalog.concat_ws(E'\n', e.evtevent, e.evtfoid::pg_catalog.regprocedure, e.evtenabled, e.evttags) AS definition
FROM pg_catalog.pg_event_trigger AS e
WHERE
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
    )
ORDER BY 1, 2
