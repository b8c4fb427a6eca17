-- Every partition, at any depth, of the partitioned tables of the managed schemas, those that are not ours among them, with the
-- names of the indexes on it.
SELECT format(schema.named, p.relname) AS root,
       leaf.oid::regclass::text AS sql_name,
       format(COALESCE(home.named, '%%s'), leaf.relname) AS name,
       leaf.relkind = 'p' AS partitioned,
       ARRAY(SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
             WHERE i.indrelid = leaf.oid ORDER BY 1) AS indexes
FROM pg_class p
JOIN managed_schemas AS schema ON schema.oid = p.relnamespace
CROSS JOIN LATERAL pg_partition_tree(p.oid) AS tree
JOIN pg_class leaf ON leaf.oid = tree.relid
LEFT JOIN managed_schemas AS home ON home.oid = leaf.relnamespace
WHERE p.relkind = 'p'
  AND tree.level > 0
ORDER BY p.relname COLLATE "C", leaf.relname COLLATE "C";
