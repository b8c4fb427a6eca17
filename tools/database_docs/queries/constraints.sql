-- NOT NULL is said at the column: from PostgreSQL 18 on it is a constraint too.
SELECT
    pg_class.relname AS owner,
    pg_constraint.conname AS name,
    pg_constraint.contype::text AS kind,
    pg_get_constraintdef(pg_constraint.oid, TRUE) AS definition,
    other.relname AS other,
    ARRAY(
        SELECT pg_attribute.attname::text
        FROM unnest(pg_constraint.conkey) WITH ORDINALITY AS part (number, nth)
        INNER JOIN pg_attribute ON pg_constraint.conrelid = pg_attribute.attrelid AND part.number = pg_attribute.attnum
        ORDER BY part.nth
    ) AS columns,
    ARRAY(
        SELECT pg_attribute.attname::text
        FROM unnest(pg_constraint.confkey) WITH ORDINALITY AS part (number, nth)
        INNER JOIN pg_attribute ON pg_constraint.confrelid = pg_attribute.attrelid AND part.number = pg_attribute.attnum
        ORDER BY part.nth
    ) AS other_columns
FROM pg_constraint
INNER JOIN pg_class ON pg_constraint.conrelid = pg_class.oid
LEFT JOIN pg_class AS other ON pg_constraint.confrelid = other.oid
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND NOT pg_class.relispartition
    AND pg_constraint.contype IN ('p', 'u', 'x', 'f', 'c')
ORDER BY pg_class.relname COLLATE "C", strpos('puxfc', pg_constraint.contype::text), pg_constraint.conname COLLATE "C";
