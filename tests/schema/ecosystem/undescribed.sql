-- Every table, view, column and function of the schema says what it is.
WITH described AS (
    SELECT
        pg_class.oid::regclass::text AS name,
        obj_description(pg_class.oid, 'pg_class') AS words
    FROM pg_class
    WHERE
        pg_class.relnamespace = current_schema()::regnamespace
        AND pg_class.relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT
        format('%s.%s', pg_class.oid::regclass, pg_attribute.attname) AS name,
        col_description(pg_class.oid, pg_attribute.attnum) AS words
    FROM pg_class
    INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid
    WHERE
        pg_class.relnamespace = current_schema()::regnamespace
        AND pg_class.relkind IN ('r', 'p', 'v')
        AND NOT pg_class.relispartition
        AND pg_attribute.attnum > 0
        AND NOT pg_attribute.attisdropped
    UNION ALL
    SELECT
        pg_proc.oid::regprocedure::text AS name,
        obj_description(pg_proc.oid, 'pg_proc') AS words
    FROM pg_proc
    WHERE pg_proc.pronamespace = current_schema()::regnamespace
)

SELECT
    count(described.words) = count(*) AS ok,
    CASE
        WHEN count(described.words) = count(*)
            THEN '💬 Comments: every table, view, column and function is described'
        ELSE
            'without a comment: '
            || string_agg(described.name, ', ' ORDER BY described.name) FILTER (WHERE described.words IS NULL)
    END AS message
FROM described;
