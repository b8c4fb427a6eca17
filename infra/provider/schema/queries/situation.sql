-- The relations of the managed schemas whose rows, with those of their partitions, take no more than some bytes, and whether an
-- event trigger runs before each command: if it writes, DROP INDEX CONCURRENTLY is not the first thing its transaction
-- does, and is refused.
SELECT ARRAY(
           SELECT format(schema.named, c.relname)
           FROM pg_class c JOIN managed_schemas AS schema ON schema.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'm')
             AND CASE WHEN c.relkind = 'p'
                      THEN (SELECT COALESCE(sum(pg_table_size(leaf.relid)), 0)
                            FROM pg_partition_tree(c.oid) leaf WHERE leaf.isleaf)
                      ELSE pg_table_size(c.oid)
                 END <= %(small)s
       ) AS small,
       EXISTS (SELECT FROM pg_event_trigger WHERE evtevent = 'ddl_command_start' AND evtenabled <> 'D') AS watched;
