-- The planner's idea of how many rows a table has, those where a column is null left out as far as this role may see
-- the statistics; NULL when it was never analysed.
WITH leaf AS (
    SELECT n.nspname, c.relname, c.reltuples
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm')
      AND (c.oid = %(relation)s::regclass
           OR c.oid IN (SELECT relid FROM pg_partition_tree(%(relation)s::regclass) WHERE isleaf))
)
SELECT CASE WHEN min(leaf.reltuples) >= 0 THEN sum(leaf.reltuples * (1 - COALESCE(s.null_frac, 0))) END AS rows
FROM leaf
LEFT JOIN pg_stats s ON s.schemaname = leaf.nspname AND s.tablename = leaf.relname AND s.attname = %(column)s
                        AND NOT s.inherited;
