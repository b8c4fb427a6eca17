-- What a server and its standbys have in common, and no other server has; and the database.
SELECT
    c.system_identifier,
    d.oid
FROM pg_catalog.pg_control_system() AS c
CROSS JOIN pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
