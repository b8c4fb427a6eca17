-- Every partition, at any depth, of the partitioned tables of one schema, those that are not ours among them, with the
-- names of the indexes on it.
SELECT p.relname::text AS root,
       leaf.oid::regclass::text AS sql_name,
       leaf.relname::text AS name,
       leaf.relkind = 'p' AS partitioned,
       ARRAY(SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
             WHERE i.indrelid = leaf.oid ORDER BY 1) AS indexes
FROM pg_class p
CROSS JOIN LATERAL pg_partition_tree(p.oid) AS tree
JOIN pg_class leaf ON leaf.oid = tree.relid
WHERE p.relnamespace = to_regnamespace(quote_ident(%(schema)s))
  AND p.relkind = 'p'
  AND tree.level > 0
ORDER BY p.relname COLLATE "C", leaf.relname COLLATE "C";
