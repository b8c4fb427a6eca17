SELECT
    pg_class.relname AS owner,
    pg_attribute.attname AS name,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) AS type,
    pg_attribute.attnotnull AS not_null,
    pg_attribute.attgenerated <> '' AS is_generated,
    pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid) AS expression,
    coalesce(col_description(pg_class.oid, pg_attribute.attnum), '') AS comment
FROM pg_class
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid
LEFT JOIN pg_attrdef ON pg_class.oid = pg_attrdef.adrelid AND pg_attribute.attnum = pg_attrdef.adnum
WHERE
    pg_class.relnamespace = current_schema()::regnamespace
    AND pg_class.relkind IN ('r', 'p', 'v')
    AND NOT pg_class.relispartition
    AND pg_attribute.attnum > 0
    AND NOT pg_attribute.attisdropped
ORDER BY pg_class.relname COLLATE "C", pg_attribute.attnum;
