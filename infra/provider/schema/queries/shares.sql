-- Each partition's part of an index of its parent, as it would be made by itself; those of a constraint as that.
SELECT format(schema.named, t.relname) AS partition,
       format(schema.named, x.relname) AS name,
       format(home.named, p.relname) AS parent,
       c.contype::text AS kind,
       c.oid IS NOT NULL AND c.conparentid = 0 AS own,
       CASE WHEN c.oid IS NULL
            THEN replace(left(full_text.definition, full_text.head), ' ON ONLY ', ' ON ')
                 || substr(full_text.definition, full_text.head + 1)
            ELSE pg_get_constraintdef(c.oid, true)
       END AS definition
FROM pg_inherits h
JOIN pg_class x ON x.oid = h.inhrelid
JOIN managed_schemas AS schema ON schema.oid = x.relnamespace
JOIN pg_class p ON p.oid = h.inhparent
JOIN managed_schemas AS home ON home.oid = p.relnamespace
JOIN pg_index i ON i.indexrelid = x.oid
JOIN pg_class t ON t.oid = i.indrelid
LEFT JOIN pg_constraint c ON c.conindid = x.oid AND c.conrelid = t.oid AND c.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (
    SELECT pg_get_indexdef(x.oid, 0, true) AS definition,
           length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(x.relname)
                  || ' ON ONLY ') AS head
) full_text
ORDER BY t.relname COLLATE "C", x.relname COLLATE "C";
