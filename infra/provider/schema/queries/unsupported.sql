-- What the managed schemas may hold and this engine does not model, by name. `attached_to` is the relation it sits on, if
-- any, and `schema` the one it is in where that is not the main one.
WITH schema AS (SELECT * FROM managed_schemas AS m),
relation AS (
    SELECT c.*, format(schema.named, c.relname) AS known, schema.main
    FROM pg_class c JOIN schema ON c.relnamespace = schema.oid
    WHERE NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
),
found (class, oid, kind, attached_to) AS (
    SELECT 'pg_class'::regclass::oid, oid, 'foreign table', known FROM relation WHERE relkind = 'f'
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 'typed table', known FROM relation WHERE reloftype <> 0
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 'tablespace of', COALESCE(t.known, r.known)
    FROM relation r LEFT JOIN pg_index i ON i.indexrelid = r.oid LEFT JOIN relation t ON t.oid = i.indrelid
    WHERE r.reltablespace <> 0
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 'access method of', known FROM relation
    WHERE relkind IN ('r', 'p', 'm') AND relam NOT IN (0, (SELECT oid FROM pg_am WHERE amname = 'heap'))
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 'inheritance of', r.known FROM relation r
    WHERE NOT r.relispartition AND r.relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = r.oid)
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 'partition of a parent in a schema that is not managed', r.known
    FROM relation r JOIN pg_inherits h ON h.inhrelid = r.oid JOIN pg_class p ON p.oid = h.inhparent
    WHERE r.relispartition AND r.relkind IN ('r', 'p') AND p.relnamespace <> ALL (ARRAY(SELECT oid FROM schema))
    UNION ALL
    SELECT 'pg_class'::regclass, oid, 'relation hidden by one of the same name', known FROM relation
    WHERE main AND relkind IN ('r', 'p', 'v', 'm', 'S', 'c') AND NOT pg_table_is_visible(oid)
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 'relation whose name reads as one of another schema', r.known
    FROM relation r JOIN schema o ON NOT o.main AND starts_with(r.relname::text, quote_ident(o.schema) || '.')
    WHERE r.main
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'type whose name reads as one of another schema', NULL
    FROM schema o CROSS JOIN schema m
    JOIN pg_type t ON t.typnamespace = m.oid AND starts_with(t.typname::text, quote_ident(o.schema) || '.')
    WHERE m.main AND NOT o.main AND t.typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT 'pg_class'::regclass, s.oid, 'other persistence than its table''s, of the sequence', r.known
    FROM relation s JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'i'
    JOIN relation r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
    WHERE s.relkind = 'S' AND s.relpersistence <> r.relpersistence
    UNION ALL
    SELECT 'pg_class'::regclass, i.indexrelid, 'CLUSTER mark on', t.known
    FROM pg_index i JOIN relation t ON t.oid = i.indrelid WHERE i.indisclustered
    UNION ALL
    SELECT 'pg_class'::regclass, x.oid, 'statistics target on a column of', t.known
    FROM relation x JOIN pg_index i ON i.indexrelid = x.oid JOIN relation t ON t.oid = i.indrelid
    WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0)
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 'NOT NULL constraint without validation or inheritance', r.known
    FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid
    WHERE c.contype = 'n' AND (NOT c.convalidated OR c.connoinherit)
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 'name or comment of the NOT NULL of a domain:', NULL
    FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid
    WHERE t.typnamespace = ANY (ARRAY(SELECT oid FROM schema)) AND c.contype = 'n'
      AND (c.conname <> t.typname || '_not_null' OR obj_description(c.oid, 'pg_constraint') IS NOT NULL)
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 'key that does not hold in every partition:', r.known
    FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid JOIN pg_index i ON i.indexrelid = c.conindid
    WHERE c.contype IN ('p', 'u') AND r.relkind = 'p' AND NOT i.indisvalid
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 'constraint of a partition beside its parent''s', r.known
    FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid
    WHERE c.contype = 'c' AND c.conislocal AND c.coninhcount > 0
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 'trigger in another state than its parent''s:', r.known
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid JOIN pg_trigger p ON p.oid = t.tgparentid
    WHERE t.tgenabled <> p.tgenabled
    UNION ALL
    SELECT 'pg_class'::regclass, x.oid, 'comment on a partition''s part of an index', r.known
    FROM pg_description d JOIN relation x ON x.oid = d.objoid AND x.relkind IN ('i', 'I') AND x.relispartition
    JOIN pg_index i ON i.indexrelid = x.oid JOIN relation r ON r.oid = i.indrelid
    WHERE d.classoid = 'pg_class'::regclass
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'base type', NULL
    FROM pg_type t, schema
    WHERE t.typnamespace = schema.oid
      AND (t.typtype = 'p' OR (t.typtype = 'b' AND t.typcategory <> 'A'))
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'type hidden by one of the same name', NULL
    FROM pg_type t
    WHERE t.typnamespace = (SELECT oid FROM schema WHERE main) AND t.typtype IN ('e', 'd') AND NOT pg_type_is_visible(t.oid)
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid,
           CASE p.prokind WHEN 'w' THEN 'window function'
                ELSE CASE WHEN s.beside OR pg_function_is_visible(p.oid) THEN 'function in C, or with TRANSFORM or SUPPORT:'
                          ELSE 'function hidden by one of the same name' END END, NULL
    FROM pg_proc p
    CROSS JOIN LATERAL (SELECT p.pronamespace <> (SELECT oid FROM schema WHERE main) AS beside) s
    -- Not as a join: this comes first then, and PostgreSQL's own functions are not asked whether they are visible.
    WHERE p.pronamespace = ANY (ARRAY(SELECT oid FROM schema))
      AND (p.prokind = 'w' OR p.protrftypes IS NOT NULL OR p.prosupport <> 0
           OR NOT (s.beside OR pg_function_is_visible(p.oid))
           OR (p.prokind <> 'a' AND p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))))
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT o.class, o.oid, o.kind, NULL
    FROM schema JOIN (
        SELECT 'pg_opclass'::regclass::oid AS class, oid, opcnamespace AS namespace, 'operator class' AS kind
        FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace, 'operator family' FROM pg_opfamily
        UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace, 'conversion' FROM pg_conversion
        UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace, 'text search parser' FROM pg_ts_parser
        UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace, 'text search template' FROM pg_ts_template
    ) o ON o.namespace = schema.oid
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, 'statistics in another schema than its table', r.known
    FROM pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
    WHERE s.stxnamespace <> r.relnamespace
    UNION ALL
    SELECT 'pg_publication'::regclass, b.oid, 'publication of more than this schema:', r.known
    FROM pg_publication_rel p JOIN relation r ON r.oid = p.prrelid JOIN pg_publication b ON b.oid = p.prpubid
    WHERE EXISTS (SELECT FROM pg_publication_rel o JOIN pg_class c ON c.oid = o.prrelid
                  WHERE o.prpubid = b.oid AND c.relnamespace <> ALL (ARRAY(SELECT oid FROM schema)))
       OR EXISTS (SELECT FROM pg_publication_namespace n
                  WHERE n.pnpubid = b.oid AND n.pnnspid <> ALL (ARRAY(SELECT oid FROM schema)))
    UNION ALL
    SELECT d.classid, d.objid, 'DEPENDS ON EXTENSION of', NULL
    FROM pg_depend d
    WHERE d.deptype = 'x'
      AND (EXISTS (SELECT FROM relation r WHERE d.classid = 'pg_class'::regclass AND r.oid = d.objid)
           OR EXISTS (SELECT FROM pg_proc p, schema
                      WHERE d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND p.pronamespace = schema.oid)
           OR EXISTS (SELECT FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
                      WHERE d.classid = 'pg_trigger'::regclass AND t.oid = d.objid))
    UNION ALL
    SELECT l.classoid, l.objoid, 'security label on', r.known
    FROM pg_seclabel l LEFT JOIN relation r ON l.classoid = 'pg_class'::regclass AND r.oid = l.objoid
    WHERE r.oid IS NOT NULL
       OR EXISTS (SELECT FROM pg_proc p, schema
                  WHERE l.classoid = 'pg_proc'::regclass AND p.oid = l.objoid AND p.pronamespace = schema.oid)
       OR EXISTS (SELECT FROM pg_type t, schema
                  WHERE l.classoid = 'pg_type'::regclass AND t.oid = l.objoid AND t.typnamespace = schema.oid)
)
SELECT DISTINCT f.kind, thing.identity, f.attached_to::text AS attached_to,
       CASE WHEN NOT schema.main THEN schema.schema END AS schema
FROM found f
CROSS JOIN LATERAL pg_identify_object(f.class, f.oid, 0) AS thing
LEFT JOIN schema ON schema.schema = thing.schema
                 OR (thing.schema IS NULL AND schema.oid IN (SELECT r.relnamespace FROM relation r WHERE r.known = f.attached_to))
ORDER BY 1, 2;
