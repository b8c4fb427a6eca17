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
    -- Owners, grantees and policy roles of this database, and roles with parameters in it: without them it does not restore.
    (
        EXISTS (
            SELECT FROM pg_catalog.pg_shdepend AS d
            WHERE
                d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid
                AND (
                    d.dbid = here.oid
                    OR (d.dbid = 0 AND d.classid = 'pg_catalog.pg_database'::regclass AND d.objid = here.oid)
                )
        )
        OR EXISTS (
            SELECT FROM pg_catalog.pg_db_role_setting AS s
            WHERE s.setrole = r.oid AND s.setdatabase = here.oid
        )
    ) AS used_here
FROM pg_catalog.pg_roles AS r
INNER JOIN pg_catalog.pg_database AS here ON here.datname = pg_catalog.current_database()
WHERE r.rolname !~ '^pg_'
ORDER BY r.rolname
