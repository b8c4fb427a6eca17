-- Tables and views of the schema; partitions are their parent's business.
SELECT
    pg_class.relname AS name,
    pg_class.relkind = 'v' AS is_view,
    coalesce(obj_description(pg_class.oid, 'pg_class'), '') AS comment,
    pg_get_partkeydef(pg_class.oid) AS partition_key
FROM pg_class
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND pg_class.relkind IN ('r', 'p', 'v')
    AND NOT pg_class.relispartition
ORDER BY pg_class.relname COLLATE "C";
