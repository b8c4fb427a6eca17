-- What the given login for backups may read.
SELECT
    current_user::text AS role,
    r.rolsuper OR r.rolbypassrls AS bypass_rls,
    pg_has_role('pg_read_all_data', 'USAGE') AS read_all
FROM pg_roles AS r
WHERE r.rolname = current_user
