-- Which object of the managed schemas needs which other, by the names the catalog uses for them.
WITH schema AS (SELECT * FROM managed_schemas AS m),
extension AS (
    SELECT oid, extname::text AS name FROM pg_extension
    WHERE extname <> 'plpgsql' AND (%(all_extensions)s OR pg_has_role(extowner, 'USAGE'))
),
member AS (
    SELECT d.classid AS class, d.objid AS oid, e.name
    FROM extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                                         AND d.deptype = 'e'
),
relation AS (
    SELECT c.oid, format(schema.named, c.relname) AS name, schema.named, c.relkind, c.reltype,
           CASE WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind IN ('v', 'm') THEN 'view'
                WHEN c.relkind = 'S' THEN 'sequence' WHEN c.relkind = 'c' THEN 'composite' END AS kind
    FROM pg_class c JOIN schema ON c.relnamespace = schema.oid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c')
),
named_type AS (
    SELECT t.oid, t.typarray,
           COALESCE(r.kind, CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' ELSE 'domain' END) AS kind,
           COALESCE(r.name, format(schema.named, t.typname)) AS name
    FROM pg_type t JOIN schema ON t.typnamespace = schema.oid LEFT JOIN relation r ON r.reltype = t.oid
    WHERE (t.typtype IN ('e', 'd', 'r') OR r.oid IS NOT NULL)
),
object (class, oid, subid, kind, name) AS (
    SELECT 'pg_namespace'::regclass::oid, oid, 0, 'schema', schema::text FROM schema WHERE NOT main
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 0, kind, name FROM relation
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, a.attnum,
           CASE WHEN r.kind = 'table' THEN 'column' ELSE r.kind END,
           CASE WHEN r.kind = 'table' THEN r.name || '.' || a.attname ELSE r.name END
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'pg_class'::regclass, x.oid, 0,
           CASE WHEN c.oid IS NULL THEN 'index' ELSE 'constraint' END,
           CASE WHEN c.oid IS NULL THEN format(r.named, x.relname) ELSE r.name || '.' || c.conname END
    FROM pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 0,
           CASE WHEN r.oid IS NULL THEN 'domain' ELSE 'constraint' END,
           CASE WHEN r.oid IS NULL THEN t.name ELSE r.name || '.' || COALESCE(whole.conname, c.conname) END
    FROM pg_constraint c LEFT JOIN relation r ON r.oid = c.conrelid LEFT JOIN named_type t ON t.oid = c.contypid
    -- A foreign key to a partitioned table has a share of its own for each partition.
    LEFT JOIN pg_constraint whole ON whole.oid = c.conparentid AND whole.conrelid = c.conrelid
    WHERE r.oid IS NOT NULL OR t.oid IS NOT NULL
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid, 0, 'column', r.name || '.' || a.attname
    FROM pg_attrdef d JOIN relation r ON r.oid = d.adrelid
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 0, CASE w.rulename WHEN '_RETURN' THEN r.kind ELSE 'rule' END,
           CASE w.rulename WHEN '_RETURN' THEN r.name ELSE r.name || '.' || w.rulename END
    FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, 0, 'policy', r.name || '.' || p.polname
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 0, 'trigger', r.name || '.' || t.tgname
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0,
           CASE WHEN part.oid IS NOT NULL THEN 'range' WHEN p.prokind = 'a' THEN 'aggregate' ELSE 'function' END,
           COALESCE(part.name, p.oid::regprocedure::text)
    FROM schema JOIN pg_proc p ON p.pronamespace = schema.oid
    -- What makes a range's values is part of its type.
    LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'
                             AND d.refclassid = 'pg_type'::regclass
    LEFT JOIN pg_range g ON d.refobjid IN (g.rngtypid, g.rngmultitypid)
    LEFT JOIN named_type part ON part.oid = g.rngtypid
    UNION ALL
    SELECT 'pg_collation'::regclass, c.oid, 0, 'collation', format(schema.named, c.collname)
    FROM pg_collation c, schema WHERE c.collnamespace = schema.oid
    UNION ALL
    SELECT 'pg_operator'::regclass, o.oid, 0, 'operator', o.oid::regoperator::text
    FROM pg_operator o, schema WHERE o.oprnamespace = schema.oid
    UNION ALL
    SELECT 'pg_cast'::regclass, c.oid, 0, 'cast',
           format('(%%s AS %%s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL))
    FROM pg_cast c
    WHERE c.castsource IN (SELECT oid FROM named_type) OR c.casttarget IN (SELECT oid FROM named_type)
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, d.oid, 0, 'tsdictionary', format(schema.named, d.dictname)
    FROM pg_ts_dict d, schema WHERE d.dictnamespace = schema.oid
    UNION ALL
    SELECT 'pg_ts_config'::regclass, c.oid, 0, 'tsconfiguration', format(schema.named, c.cfgname)
    FROM pg_ts_config c, schema WHERE c.cfgnamespace = schema.oid
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'statistics', format(schema.named, s.stxname)
    FROM pg_statistic_ext s, schema WHERE s.stxnamespace = schema.oid
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'eventtrigger', e.evtname FROM pg_event_trigger e
    UNION ALL
    SELECT 'pg_publication_rel'::regclass, p.oid, 0, 'publication', b.pubname
    FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid JOIN relation r ON r.oid = p.prrelid
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, kind, name FROM named_type
    UNION ALL
    SELECT 'pg_type'::regclass, typarray, 0, kind, name FROM named_type WHERE typarray <> 0
    UNION ALL
    SELECT 'pg_type'::regclass, g.rngmultitypid, 0, kind, name FROM named_type t JOIN pg_range g ON g.rngtypid = t.oid
    UNION ALL
    SELECT 'pg_extension'::regclass, oid, 0, 'extension', name FROM extension
    UNION ALL
    -- What needs a part of an extension needs the extension.
    SELECT class, oid, 0, 'extension', name FROM member
    UNION ALL
    SELECT 'pg_type'::regclass, t.typarray, 0, 'extension', m.name
    FROM member m JOIN pg_type t ON m.class = 'pg_type'::regclass AND t.oid = m.oid WHERE t.typarray <> 0
)
SELECT DISTINCT user_of.kind || ' ' || user_of.name AS dependent, used.kind || ' ' || used.name AS referenced
FROM pg_depend d
JOIN object user_of ON user_of.class = d.classid AND user_of.oid = d.objid AND user_of.subid = d.objsubid
JOIN object used ON used.class = d.refclassid AND used.oid = d.refobjid AND used.subid = d.refobjsubid
WHERE d.deptype IN ('n', 'a', 'P')
  AND (user_of.kind, user_of.name) <> (used.kind, used.name)
  AND NOT (user_of.kind = 'sequence' AND used.kind = 'column')
  AND NOT EXISTS (SELECT FROM member m WHERE m.class = d.classid AND m.oid = d.objid)
  -- A table that goes leaves its publications by itself; the columns they name do not.
  AND NOT (user_of.kind = 'publication' AND used.kind = 'table')
ORDER BY 1, 2;
