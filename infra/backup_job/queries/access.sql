-- Who owns and who may use each object, column and default, by kind and name. A grant reads `grantee=PRIVILEGES/grantor`, with
-- a star where it may be passed on; ALL is all that the server knows for that kind, because newer servers know more.
WITH own_schema AS (
    SELECT
        oid,
        nspname,
        nspowner,
        nspacl
    FROM pg_catalog.pg_namespace
    WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
),

own_relation AS (
    SELECT
        c.oid,
        c.relowner,
        c.relacl,
        c.relkind,
        pg_catalog.format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c
    INNER JOIN own_schema AS s ON c.relnamespace = s.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
),

thing AS (
    SELECT
        'database' AS kind,
        'itself' AS name,
        datdba AS owner,
        datacl AS acl,
        'd'::text AS acl_kind,
        0::oid AS catalog,
        oid
    FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
    UNION ALL
    SELECT
        'schema' AS kind,
        pg_catalog.quote_ident(nspname) AS name,
        nspowner AS owner,
        nspacl AS acl,
        'n' AS acl_kind,
        'pg_catalog.pg_namespace'::regclass AS catalog,
        oid
    FROM own_schema
    UNION ALL
    SELECT
        CASE
            WHEN relkind IN ('r', 'p') THEN 'table'
            WHEN relkind = 'S' THEN 'sequence'
            WHEN relkind = 'f' THEN 'foreign table'
            ELSE 'view'
        END AS kind,
        name,
        relowner AS owner,
        relacl AS acl,
        CASE WHEN relkind = 'S' THEN 's' ELSE 'r' END AS acl_kind,
        'pg_catalog.pg_class'::regclass AS catalog,
        oid
    FROM own_relation
    UNION ALL
    SELECT
        'column' AS kind,
        pg_catalog.format('%s.%I', r.name, a.attname) AS name,
        NULL AS owner,
        a.attacl AS acl,
        NULL AS acl_kind,
        'pg_catalog.pg_class'::regclass AS catalog,
        r.oid
    FROM pg_catalog.pg_attribute AS a
    INNER JOIN own_relation AS r ON a.attrelid = r.oid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT
        'function' AS kind,
        p.oid::pg_catalog.regprocedure::text AS name,
        p.proowner AS owner,
        p.proacl AS acl,
        'f' AS acl_kind,
        'pg_catalog.pg_proc'::regclass AS catalog,
        p.oid
    FROM pg_catalog.pg_proc AS p
    INNER JOIN own_schema AS s ON p.pronamespace = s.oid
    UNION ALL
    SELECT
        'type' AS kind,
        pg_catalog.format('%I.%I', s.nspname, t.typname) AS name,
        t.typowner AS owner,
        t.typacl AS acl,
        'T' AS acl_kind,
        'pg_catalog.pg_type'::regclass AS catalog,
        t.oid
    FROM pg_catalog.pg_type AS t
    INNER JOIN own_schema AS s ON t.typnamespace = s.oid
    -- No rows of tables and no arrays: they belong to what they are made from.
    WHERE
        t.typtype IN ('b', 'c', 'd', 'e', 'r')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_class AS c
            WHERE c.oid = t.typrelid AND c.relkind <> 'c'
        )
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_type AS item
            WHERE item.typarray = t.oid
        )
    UNION ALL
    SELECT
        'default privileges' AS kind,
        pg_catalog.format(
            'of role %I%s on %s', pg_catalog.pg_get_userbyid(d.defaclrole), ' in schema ' || pg_catalog.quote_ident(s.nspname),
            CASE d.defaclobjtype
                WHEN 'r' THEN 'tables'
                WHEN 'S' THEN 'sequences'
                WHEN 'f' THEN 'functions'
                WHEN 'T' THEN 'types'
                WHEN 'n' THEN 'schemas'
                ELSE 'large objects'
            END
        ) AS name,
        NULL AS owner,
        d.defaclacl AS acl,
        CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype::text END AS acl_kind,
        'pg_catalog.pg_default_acl'::regclass AS catalog,
        d.oid
    FROM pg_catalog.pg_default_acl AS d
    LEFT JOIN own_schema AS s ON d.defaclnamespace = s.oid
    WHERE d.defaclnamespace = 0 OR s.oid IS NOT NULL
)

SELECT
    t.kind,
    t.name,
    pg_catalog.pg_get_userbyid(t.owner) AS owner,
    array(
        SELECT
            pg_catalog.format(
                '%s=%s%s/%s', coalesce(grantee.rolname, 'PUBLIC'),
                CASE WHEN g.amount = known.amount THEN 'ALL' ELSE g.privileges END,
                CASE WHEN g.is_grantable THEN '*' END, pg_catalog.pg_get_userbyid(g.grantor)
            ) AS entry
        FROM (
            SELECT
                x.grantee,
                x.grantor,
                x.is_grantable,
                pg_catalog.count(*) AS amount,
                pg_catalog.string_agg(x.privilege_type, ',' ORDER BY x.privilege_type) AS privileges
            FROM pg_catalog.aclexplode(coalesce(t.acl, pg_catalog.acldefault(t.acl_kind::"char", t.owner))) AS x -- noqa: RF06
            GROUP BY x.grantee, x.grantor, x.is_grantable
        ) AS g
        LEFT JOIN pg_catalog.pg_roles AS grantee ON g.grantee = grantee.oid
        ORDER BY entry
    ) AS grants
FROM thing AS t
CROSS JOIN
    LATERAL (
        -- What an owner has by default is all there is; 10 is the first superuser, any role would do.
        SELECT pg_catalog.count(*) AS amount
        FROM pg_catalog.aclexplode(pg_catalog.acldefault(t.acl_kind::"char", 10)) AS x -- noqa: RF06
        WHERE x.grantee = 10
    ) AS known
WHERE
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = t.catalog AND d.objid = t.oid AND d.deptype = 'e'
    )
ORDER BY t.kind, t.name
