-- Enumerations, with their labels in order, and domains, which have none.
SELECT
    pg_type.typname AS name,
    coalesce(obj_description(pg_type.oid, 'pg_type'), '') AS comment,
    CASE WHEN pg_type.typtype = 'd' THEN format_type(pg_type.typbasetype, pg_type.typtypmod) END AS base,
    ARRAY(
        SELECT pg_enum.enumlabel::text
        FROM pg_enum
        WHERE pg_enum.enumtypid = pg_type.oid
        ORDER BY pg_enum.enumsortorder
    ) AS labels
FROM pg_type
WHERE pg_type.typnamespace = current_schema()::regnamespace AND pg_type.typtype IN ('e', 'd')
ORDER BY pg_type.typname COLLATE "C";
