-- The extensions that this role may change; those of others are there like what PostgreSQL itself brings. Their tables
-- come with the condition by which their author tells users' rows from his own, empty for all; `names` are what the
-- text of a function may call of theirs.
SELECT e.extname::text AS name,
       CASE WHEN packaged.schema IS NULL THEN n.nspname::text END AS schema,
       e.extversion AS version,
       CASE WHEN said.comment IS DISTINCT FROM packaged.comment THEN COALESCE(said.comment, '') END AS comment,
       packaged.comment AS packaged_comment,
       ARRAY(SELECT ARRAY[c.oid::regclass::text,
                          COALESCE(regexp_replace(e.extcondition[array_position(e.extconfig, c.oid)],
                                                  '^\s*WHERE\s+', '', 'i'), '')]
             FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
             WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
               AND d.classid = 'pg_class'::regclass
             ORDER BY 1) AS tables,
       ARRAY(SELECT DISTINCT COALESCE(p.proname, t.typname)::text
             FROM pg_depend d
             LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
             LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
             WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
               AND COALESCE(p.proname, t.typname) IS NOT NULL
             ORDER BY 1) AS names
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
CROSS JOIN LATERAL obj_description(e.oid, 'pg_extension') said (comment)
-- Reads the control files of all that the server has; not at all where none is this role's.
LEFT JOIN pg_available_extension_versions() packaged ON packaged.name = e.extname AND packaged.version = e.extversion
WHERE e.extname <> 'plpgsql' AND (%(all_extensions)s OR pg_has_role(e.extowner, 'USAGE'))
ORDER BY e.extname COLLATE "C";
