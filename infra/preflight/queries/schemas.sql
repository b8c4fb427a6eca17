-- Which of the wanted schemas exist, what we may do in them, and which of the existing roles may not use them.
SELECT
    n.nspname::text AS name,
    has_schema_privilege(n.oid, 'CREATE') AS may_create,
    has_schema_privilege(n.oid, 'USAGE') AS may_use,
    has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION') AS may_grant,
    has_schema_privilege('public', n.oid, 'USAGE') AS public_use,
    array(
        SELECT r.rolname::text
        FROM pg_roles AS r
        WHERE r.rolname = ANY(%(roles)s) AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
        ORDER BY 1
    ) AS shut_out
FROM pg_namespace AS n
WHERE n.nspname = ANY(%(schemas)s)
