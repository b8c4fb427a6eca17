-- pg_authid, with its passwords, is closed to us on purpose; pg_roles is not.
SELECT
    r.rolname AS name,
    r.rolsuper AS superuser,
    r.rolinherit AS inherit,
    r.rolcreaterole AS createrole,
    r.rolcreatedb AS createdb,
    r.rolcanlogin AS login,
    r.rolreplication AS replication,
    r.rolbypassrls AS bypassrls,
    r.rolconnlimit AS connection_limit,
    array(
        SELECT g.rolname::text
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS g ON m.roleid = g.oid
        WHERE m.member = r.oid
        ORDER BY g.rolname
    ) AS member_of,
    -- Owners, grantees and policy roles of this database: without them it does not restore.
    exists(
        SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE
            d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid
            AND d.dbid = (
                SELECT oid FROM pg_catalog.pg_database
                WHERE datname = pg_catalog.current_database()
            )
    ) AS used_here
FROM pg_catalog.pg_roles AS r
WHERE r.rolname !~ '^pg_'
ORDER BY r.rolname
