-- Columns of the tables, views and composite types of the managed schemas, in their order. What equals the default of the
-- column's type (collation, storage) is NULL here, so that it never shows as a difference.
SELECT a.attrelid AS relation,
       a.attnum AS number,
       a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       NOT a.attnotnull AS nullable,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
       CASE WHEN a.attgenerated = 'v' THEN true ELSE false END AS virtual,
       -- From PostgreSQL 17 on a partition shares its parent's.
       CASE WHEN c.relispartition THEN NULL WHEN a.attidentity = 'a' THEN 'ALWAYS'
            WHEN a.attidentity = 'd' THEN 'BY DEFAULT' END AS identity,
       s.oid AS identity_sequence,
       NULLIF(s.relname, c.relname || '_' || a.attname || '_seq')::text AS identity_name,
       CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN a.attcollation::regcollation::text END
           AS collation,
       CASE WHEN a.attstorage <> t.typstorage THEN
           CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
       END AS storage,
       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
       -- Without what newer minor versions note here for themselves (pg_attver), which nobody can set.
       NULLIF(ARRAY(SELECT entry FROM unnest(a.attoptions) AS entry WHERE entry NOT LIKE 'pg\_%%'), '{}') AS options,
       -- PostgreSQL 18 keeps NOT NULL as a constraint; a partition's belongs to its parent.
       CASE WHEN n.coninhcount = 0 THEN named.not_null END AS not_null,
       CASE WHEN n.coninhcount > 0 AND named.not_null IS NOT NULL THEN format(schema.named, c.relname) || '.' || a.attname
       END AS inherited,
       named.not_null AS not_null_inherited,
       remark.description AS not_null_comment
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN managed_schemas AS schema ON schema.oid = c.relnamespace
LEFT JOIN pg_constraint n ON a.attnotnull AND n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey[1] = a.attnum
CROSS JOIN LATERAL (
    SELECT NULLIF(n.conname, c.relname || '_' || a.attname || '_not_null')::text AS not_null
) AS named
LEFT JOIN pg_description remark ON remark.objoid = n.oid AND remark.classoid = 'pg_constraint'::regclass
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_depend i ON a.attidentity <> '' AND i.classid = 'pg_class'::regclass AND i.deptype = 'i'
                         AND i.refclassid = 'pg_class'::regclass AND i.refobjid = a.attrelid AND i.refobjsubid = a.attnum
LEFT JOIN pg_class s ON s.oid = i.objid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c')
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum;
