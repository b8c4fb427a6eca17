-- The managed schemas beside the main one.
SELECT schema.oid, schema.schema AS name, pg_get_userbyid(n.nspowner)::text AS owner
FROM managed_schemas AS schema
JOIN pg_namespace n ON n.oid = schema.oid
WHERE NOT schema.main
ORDER BY schema.schema COLLATE "C";
