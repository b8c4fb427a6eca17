-- The schemas beside the managed ones that hold something of users': whether a dump by this role can read all of it, and
-- a mark that changes when one of their objects does (the transaction that wrote an object's row last).
WITH beside AS (
    SELECT n.oid, n.nspname::text AS name
    FROM pg_namespace n
    WHERE n.nspname NOT LIKE 'pg\_%%' AND n.nspname NOT IN ('information_schema', 'pgstack', %(schema)s)
),
member (schema, class, oid, mark, readable) AS (
    SELECT b.name, 'pg_class'::regclass, c.oid, c.xmin::text,
           has_schema_privilege(b.oid, 'USAGE')
           AND (c.relkind NOT IN ('r', 'p') OR has_table_privilege(c.oid, 'SELECT'))
           AND (c.relkind <> 'S' OR has_sequence_privilege(c.oid, 'SELECT'))
    FROM beside b JOIN pg_class c ON c.relnamespace = b.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    UNION ALL
    SELECT b.name, 'pg_proc'::regclass, p.oid, p.xmin::text, has_schema_privilege(b.oid, 'USAGE')
    FROM beside b JOIN pg_proc p ON p.pronamespace = b.oid
    UNION ALL
    SELECT b.name, 'pg_type'::regclass, t.oid, t.xmin::text, has_schema_privilege(b.oid, 'USAGE')
    FROM beside b JOIN pg_type t ON t.typnamespace = b.oid
)
SELECT m.schema, bool_and(m.readable) AS readable, md5(string_agg(m.oid || ' ' || m.mark, ',' ORDER BY m.oid)) AS mark
FROM member m
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = m.class AND d.objid = m.oid AND d.deptype = 'e')
  -- A row type or array type comes and goes with its table or type, an extension's too.
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = m.class AND d.objid = m.oid AND d.deptype = 'i')
GROUP BY m.schema
ORDER BY m.schema;
