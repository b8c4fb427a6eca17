-- Who may do what, for everything in the managed schemas and the schemas themselves; an owner's untouched rights are left out.
-- An owner may grant what is his anyway. That he gave himself the option is listed, since pg_dump writes it; but for schemas.
WITH schema AS (SELECT * FROM managed_schemas AS m),
securable (class, oid, subid, owner, acl, initial) AS (
    SELECT 'relation', c.oid, 0, c.relowner, c.relacl,
           acldefault(CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
    FROM pg_class c
    -- Without an acl a relation is its owner's alone.
    WHERE c.relnamespace = ANY (ARRAY(SELECT oid FROM schema)) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND c.relacl IS NOT NULL
    UNION ALL
    SELECT 'relation', a.attrelid, a.attnum, c.relowner, a.attacl, acldefault('c', c.relowner)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = ANY (ARRAY(SELECT oid FROM schema)) AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function', p.oid, 0, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p WHERE p.pronamespace = ANY (ARRAY(SELECT oid FROM schema))
    UNION ALL
    SELECT 'type', t.oid, 0, t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = ANY (ARRAY(SELECT oid FROM schema)) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
    UNION ALL
    SELECT 'schema', n.oid, 0, n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n WHERE n.oid = ANY (ARRAY(SELECT oid FROM schema))
), granted AS (
    SELECT s.class, s.oid, s.subid, g.grantee, g.grantee = s.owner AS is_owner,
           array_agg(g.privilege_type || CASE WHEN g.is_grantable AND (g.grantee <> s.owner OR s.class <> 'schema') THEN '*'
                                             ELSE '' END
                     ORDER BY g.privilege_type) AS privileges,
           born.privileges AS owner_initial
    FROM securable s
    CROSS JOIN LATERAL aclexplode(COALESCE(s.acl, s.initial)) g
    CROSS JOIN LATERAL (SELECT array_agg(i.privilege_type ORDER BY i.privilege_type) AS privileges
                        FROM aclexplode(s.initial) i WHERE i.grantee = s.owner) born
    GROUP BY s.class, s.oid, s.subid, s.owner, born.privileges, g.grantee
    UNION ALL
    SELECT s.class, s.oid, s.subid, s.owner, true, '{}', NULL
    FROM securable s
    WHERE s.acl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(s.acl) g WHERE g.grantee = s.owner)
      AND EXISTS (SELECT FROM aclexplode(s.initial) i WHERE i.grantee = s.owner)
)
SELECT class, oid, subid,
       CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END AS grantee,
       privileges
FROM granted
WHERE NOT is_owner OR privileges IS DISTINCT FROM owner_initial OR privileges = '{}'
ORDER BY class, oid, subid, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END COLLATE "C";
