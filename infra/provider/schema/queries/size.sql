-- Bytes of a relation on disk, with its partitions and what it has in TOAST; nothing where the plan is yet to make it.
SELECT COALESCE(sum(pg_table_size(relation.oid)), 0)::bigint AS bytes
FROM (
    SELECT to_regclass(%(relation)s)::oid AS oid WHERE to_regclass(%(relation)s) IS NOT NULL
    UNION
    SELECT relid FROM pg_partition_tree(to_regclass(%(relation)s))
) AS relation;
