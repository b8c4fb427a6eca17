-- Publications that publish nothing outside the managed schemas, with what they publish of them.
WITH schema AS (SELECT * FROM managed_schemas AS m)
SELECT p.oid,
       p.pubname AS name,
       pg_get_userbyid(p.pubowner) AS owner,
       p.puballtables AS all_tables,
       EXISTS (SELECT FROM pg_publication_namespace n JOIN schema ON schema.oid = n.pnnspid
               WHERE n.pnpubid = p.oid AND schema.main) AS whole_schema,
       ARRAY(SELECT schema.schema FROM pg_publication_namespace n JOIN schema ON schema.oid = n.pnnspid
             WHERE n.pnpubid = p.oid AND NOT schema.main ORDER BY schema.schema COLLATE "C") AS whole_schemas,
       ARRAY(SELECT ARRAY[format(schema.named, c.relname),
                          concat_ws(' ', '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
                                                 FROM pg_attribute a
                                                 WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')',
                                    'WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')]
             FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN schema ON schema.oid = c.relnamespace
             WHERE r.prpubid = p.oid ORDER BY schema.named COLLATE "C", c.relname COLLATE "C") AS tables,
       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                 CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
       p.pubviaroot AS via_root,
       -- PostgreSQL 18
       CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END AS generated
FROM pg_publication p
WHERE EXISTS (SELECT FROM schema WHERE main AND oid IS NOT NULL)
  AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
                  WHERE r.prpubid = p.oid AND c.relnamespace <> ALL (ARRAY(SELECT oid FROM schema)))
  AND NOT EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid <> ALL (ARRAY(SELECT oid FROM schema)))
ORDER BY p.pubname COLLATE "C";
