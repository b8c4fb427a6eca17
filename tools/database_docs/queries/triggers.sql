SELECT
    pg_class.relname AS owner,
    pg_trigger.tgname AS name,
    pg_get_triggerdef(pg_trigger.oid, TRUE) AS definition,
    coalesce(obj_description(pg_trigger.oid, 'pg_trigger'), '') AS comment
FROM pg_trigger
INNER JOIN pg_class ON pg_trigger.tgrelid = pg_class.oid
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND NOT pg_class.relispartition
    AND NOT pg_trigger.tgisinternal
ORDER BY pg_class.relname COLLATE "C", pg_trigger.tgname COLLATE "C";
