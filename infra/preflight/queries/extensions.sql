-- The wanted extensions: where they are installed, or whether they could be.
SELECT
    a.name::text AS name,
    a.default_version,
    e.extversion AS installed,
    n.nspname::text AS schema,
    coalesce(v.trusted, FALSE) AS trusted
FROM pg_available_extensions AS a
LEFT JOIN pg_extension AS e ON e.extname = a.name
LEFT JOIN pg_namespace AS n ON n.oid = e.extnamespace
LEFT JOIN pg_available_extension_versions AS v ON v.name = a.name AND v.version = a.default_version
WHERE a.name = ANY(%(extensions)s)
