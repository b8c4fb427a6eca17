-- Tables, views, sequences and composite types of the managed schemas, extensions' own left out.
SELECT c.oid,
       format(schema.named, c.relname) AS name,
       c.relkind::text AS kind,
       pg_get_userbyid(c.relowner) AS owner,
       c.reloptions AS options,
       toast.reloptions AS toast_options,
       c.relrowsecurity AS rls_enabled,
       c.relforcerowsecurity AS rls_forced,
       c.relpersistence::text AS persistence,
       CASE c.relreplident
           WHEN 'd' THEN NULL
           WHEN 'n' THEN 'NOTHING'
           WHEN 'f' THEN 'FULL'
           ELSE 'USING INDEX ' || (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                                   WHERE i.indrelid = c.oid AND i.indisreplident)
       END AS replica_identity,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
       CASE WHEN c.relispartition THEN (SELECT format(home.named, p.relname)
                                        FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
                                        JOIN managed_schemas AS home ON home.oid = p.relnamespace
                                        WHERE h.inhrelid = c.oid) END AS parent,
       pg_get_expr(c.relpartbound, c.oid) AS bound,
       -- PostgreSQL 18 keeps names of NOT NULL; a partition born as one has its parent's.
       c.relispartition AND EXISTS (
           SELECT FROM pg_constraint n
           JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = n.conkey[1]
           JOIN pg_inherits h ON h.inhrelid = c.oid
           JOIN pg_attribute b ON b.attrelid = h.inhparent AND b.attname = a.attname
           JOIN pg_constraint m ON m.conrelid = h.inhparent AND m.contype = 'n' AND m.conkey[1] = b.attnum
           WHERE n.conrelid = c.oid AND n.contype = 'n' AND n.coninhcount > 0 AND n.conname <> m.conname) AS named_apart,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS view_definition
FROM pg_class c
JOIN managed_schemas AS schema ON schema.oid = c.relnamespace
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY schema.named COLLATE "C", c.relname COLLATE "C";
