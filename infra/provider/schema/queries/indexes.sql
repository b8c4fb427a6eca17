-- Indexes of the managed schemas that are neither a constraint's nor a partition's share of its parent's index. PostgreSQL
-- prints a partitioned index as ON ONLY, which would make it without its children: that word is cut out.
SELECT i.indexrelid AS oid,
       i.indrelid AS relation,
       format(schema.named, x.relname) AS name,
       i.indisvalid AS valid,
       CASE WHEN x.relkind = 'I'
            THEN replace(left(full_text.definition, full_text.head), ' ON ONLY ', ' ON ')
                 || substr(full_text.definition, full_text.head + 1)
            ELSE full_text.definition
       END AS definition
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN managed_schemas AS schema ON schema.oid = x.relnamespace
JOIN pg_class t ON t.oid = i.indrelid
CROSS JOIN LATERAL (
    SELECT pg_get_indexdef(i.indexrelid, 0, true) AS definition,
           length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(x.relname)
                  || ' ON ONLY ') AS head
) full_text
WHERE t.relkind IN ('r', 'p', 'm')
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
ORDER BY x.relname COLLATE "C";
