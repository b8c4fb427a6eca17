-- Publications that publish nothing outside one schema, with what they publish of it.
WITH schema AS (SELECT to_regnamespace(quote_ident(%(schema)s))::oid AS oid)
SELECT p.oid,
       p.pubname AS name,
       pg_get_userbyid(p.pubowner) AS owner,
       p.puballtables AS all_tables,
       EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid) AS whole_schema,
       ARRAY(SELECT ARRAY[c.relname::text,
                          concat_ws(' ', '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
                                                 FROM pg_attribute a
                                                 WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')',
                                    'WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')]
             FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
             WHERE r.prpubid = p.oid ORDER BY c.relname COLLATE "C") AS tables,
       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                 CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
       p.pubviaroot AS via_root,
       -- PostgreSQL 18
       CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END AS generated
FROM pg_publication p, schema
WHERE schema.oid IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
                  WHERE r.prpubid = p.oid AND c.relnamespace <> schema.oid)
  AND NOT EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid <> schema.oid)
ORDER BY p.pubname COLLATE "C";
