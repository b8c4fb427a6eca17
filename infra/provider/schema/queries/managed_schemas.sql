-- The managed schemas that exist: what other queries read as managed_schemas. `named` makes of a bare name the one that
-- the catalog holds, as it is in the main schema and qualified in another; `written` makes of it SQL.
SELECT n.oid, m.schema, m.named, m.written, m.place = 1 AS main
FROM unnest(%(schemas)s::text[], %(named)s::text[], %(written)s::text[]) WITH ORDINALITY AS m (schema, named, written, place)
JOIN pg_namespace n ON n.nspname = m.schema
