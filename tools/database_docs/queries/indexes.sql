-- Indexes that are no key's.
SELECT
    pg_class.relname AS owner,
    index_class.relname AS name,
    pg_get_indexdef(index_class.oid, 0, TRUE) AS definition,
    '' AS comment
FROM pg_index
INNER JOIN pg_class ON pg_index.indrelid = pg_class.oid
INNER JOIN pg_class AS index_class ON pg_index.indexrelid = index_class.oid
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND NOT pg_class.relispartition
    AND NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE pg_constraint.conindid = pg_index.indexrelid AND pg_constraint.contype IN ('p', 'u', 'x')
    )
ORDER BY pg_class.relname COLLATE "C", index_class.relname COLLATE "C";
