-- Functions with their source: it says which errors are raised, and what the messages advise.
SELECT
    pg_proc.proname AS name,
    pg_get_function_arguments(pg_proc.oid) AS arguments,
    pg_get_function_result(pg_proc.oid) AS result,
    coalesce(obj_description(pg_proc.oid, 'pg_proc'), '') AS comment,
    CASE WHEN pg_proc.prosqlbody IS NULL THEN pg_proc.prosrc ELSE pg_get_function_sqlbody(pg_proc.oid) END AS source,
    ARRAY(
        SELECT CASE WHEN privilege.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(privilege.grantee)::text END
        FROM aclexplode(pg_proc.proacl) AS privilege
        WHERE privilege.grantee <> pg_proc.proowner AND privilege.privilege_type = 'EXECUTE'
        ORDER BY 1
    ) AS roles
FROM pg_proc
WHERE pg_proc.pronamespace = current_schema()::regnamespace
ORDER BY pg_proc.proname COLLATE "C", pg_get_function_identity_arguments(pg_proc.oid) COLLATE "C";
