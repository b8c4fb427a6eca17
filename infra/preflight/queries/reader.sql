-- What the given login for backups may read, and whether it sees the lock that the other login holds.
SELECT
    current_user::text AS role,
    r.rolsuper OR r.rolbypassrls AS bypass_rls,
    coalesce(pg_has_role(to_regrole('pg_read_all_data'), 'USAGE'), FALSE) AS read_all,
    pg_is_in_recovery() AS standby,
    EXISTS (
        SELECT FROM pg_locks AS l
        INNER JOIN pg_database AS d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND d.datname = current_database()
            AND (l.classid::bigint << 32) + l.objid::bigint = %(mark)s
    ) AS sees_mark
FROM pg_roles AS r
WHERE r.rolname = current_user
