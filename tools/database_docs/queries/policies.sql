SELECT
    pg_class.relname AS owner,
    pg_policy.polname AS name,
    CASE pg_policy.polcmd
        WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL'
    END AS command,
    ARRAY(
        SELECT CASE
            WHEN role.oid = 0 THEN 'PUBLIC'
            WHEN role.oid = pg_class.relowner THEN 'the owner'
            ELSE pg_get_userbyid(role.oid)::text
        END
        FROM unnest(pg_policy.polroles) AS role (oid)
        ORDER BY 1
    ) AS roles,
    coalesce(obj_description(pg_policy.oid, 'pg_policy'), '') AS comment
FROM pg_policy
INNER JOIN pg_class ON pg_policy.polrelid = pg_class.oid
WHERE pg_class.relnamespace = current_schema()::regnamespace AND NOT pg_class.relispartition
ORDER BY pg_class.relname COLLATE "C", pg_policy.polname COLLATE "C";
