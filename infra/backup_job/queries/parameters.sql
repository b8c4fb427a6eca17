-- ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET of this database: pg_dump leaves them out.
SELECT
    r.rolname AS role,
    c.line AS parameter
FROM pg_catalog.pg_db_role_setting AS s
LEFT JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (line)
WHERE
    s.setdatabase = (
        SELECT oid FROM pg_catalog.pg_database
        WHERE datname = pg_catalog.current_database()
    )
ORDER BY 1 NULLS FIRST, 2
