-- Which of the wanted roles exist, whether we may make others their members, and of which of them they have the rights.
-- Since PostgreSQL 16 CREATEROLE alone does not let one: it takes the admin option, which who made a role has.
SELECT
    r.rolname::text AS name,
    r.rolsuper AS superuser,
    r.rolcanlogin AS login,
    r.rolbypassrls AS bypass_rls,
    pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
    OR (me.rolcreaterole AND NOT r.rolsuper AND current_setting('server_version_num')::int < 160000) AS may_grant,
    array(
        SELECT g.rolname::text
        FROM pg_roles AS g
        WHERE g.rolname = ANY(%(roles)s) AND g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'USAGE')
        ORDER BY 1
    ) AS acts_as
FROM pg_roles AS r
INNER JOIN pg_roles AS me ON me.rolname = current_user
WHERE r.rolname = ANY(%(roles)s)
