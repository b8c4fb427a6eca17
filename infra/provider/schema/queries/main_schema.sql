-- The same as managed_schemas where there is no other: without a join, and then as quick as if there could be none. A
-- subquery is answered once, a function once for each row it is compared with.
SELECT (SELECT to_regnamespace(quote_ident(%(schema)s))::oid) AS oid, %(schema)s::text AS schema, '%%s' AS named,
       '%%I' AS written, true AS main
