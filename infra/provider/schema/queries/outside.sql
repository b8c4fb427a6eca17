-- What users made in this database outside of the managed schemas: files that make any of it are refused by name.
WITH found (class, oid, kind) AS (
    SELECT 'pg_namespace'::regclass::oid, n.oid, 'schema' FROM pg_namespace n
    WHERE n.nspname <> ALL (%(schemas)s) AND n.nspname !~ '^pg_(toast|temp)'
    UNION ALL
    SELECT 'pg_extension'::regclass, oid, 'extension' FROM pg_extension
    UNION ALL
    SELECT 'pg_language'::regclass, oid, 'language' FROM pg_language
    UNION ALL
    SELECT 'pg_am'::regclass, oid, 'access method' FROM pg_am
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'foreign data wrapper' FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, oid, 'server' FROM pg_foreign_server
    UNION ALL
    SELECT 'pg_user_mapping'::regclass, umid, 'user mapping' FROM pg_user_mappings
    UNION ALL
    SELECT 'pg_subscription'::regclass, oid, 'subscription' FROM pg_subscription
    UNION ALL
    SELECT 'pg_default_acl'::regclass, oid, 'default privileges for every schema:' FROM pg_default_acl
    WHERE defaclnamespace = 0
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, e.oid, 'event trigger over a function of another schema:'
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
    WHERE p.pronamespace <> ALL (ARRAY(SELECT oid FROM managed_schemas AS schema))
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 'relation in another schema:'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND n.nspname <> ALL (%(schemas)s) AND n.nspname !~ '^pg_(toast|temp)' AND c.relkind <> 'i'
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 'function in another schema:'
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid >= 16384 AND n.nspname <> ALL (%(schemas)s)
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'type in another schema:'
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid >= 16384 AND n.nspname <> ALL (%(schemas)s) AND t.typrelid = 0 AND t.typcategory <> 'A'
    UNION ALL
    SELECT 'pg_publication'::regclass, p.oid, 'publication of more than this schema:' FROM pg_publication p
    WHERE EXISTS (SELECT FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
                  WHERE r.prpubid = p.oid AND c.relnamespace <> ALL (ARRAY(SELECT oid FROM managed_schemas AS schema)))
       OR EXISTS (SELECT FROM pg_publication_namespace s
                  WHERE s.pnpubid = p.oid AND s.pnnspid <> ALL (ARRAY(SELECT oid FROM managed_schemas AS schema)))
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, format('owner %%s of', n.nspowner::regrole) FROM pg_namespace n
    WHERE n.nspname = %(schema)s
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, format('comment %%L on', obj_description(n.oid, 'pg_namespace'))
    FROM pg_namespace n WHERE n.nspname <> ALL (%(schemas)s) AND obj_description(n.oid, 'pg_namespace') IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, format('rights %%s on', n.nspacl) FROM pg_namespace n
    WHERE n.nspname <> ALL (%(schemas)s) AND n.nspname !~ '^pg_(toast|temp)' AND n.nspacl IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, format('rights %%s in another schema, on', c.relacl)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname <> ALL (%(schemas)s) AND c.relacl IS NOT NULL
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, format('rights %%s in another schema, on', p.proacl)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> ALL (%(schemas)s) AND p.proacl IS NOT NULL
    UNION ALL
    SELECT d.classid, d.objid, format('rights %%s on a part of an extension,', COALESCE(c.relacl, p.proacl, t.typacl))
    FROM pg_depend d
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      AND COALESCE(c.relacl, p.proacl, t.typacl) IS NOT NULL
      AND to_regnamespace(quote_ident(%(schema)s)) IN (c.relnamespace, p.pronamespace, t.typnamespace)
    UNION ALL
    SELECT 'pg_language'::regclass, l.oid, format('rights %%s on', l.lanacl) FROM pg_language l WHERE l.lanacl IS NOT NULL
    UNION ALL
    SELECT 'pg_database'::regclass, d.oid, format(part.kind, part.words)
    FROM pg_database d CROSS JOIN LATERAL (
        VALUES ('rights %%s on database', d.datacl::text),
               ('comment %%L on database', shobj_description(d.oid, 'pg_database')),
               ('owner %%s of database', d.datdba::regrole::text)
        UNION ALL
        SELECT 'settings %%s of database', r.setconfig::text FROM pg_db_role_setting r WHERE r.setdatabase = d.oid
    ) part (kind, words)
    WHERE d.datname = current_database() AND part.words IS NOT NULL
    UNION ALL
    SELECT 'pg_largeobject'::regclass, oid, 'large object' FROM pg_largeobject_metadata
)
SELECT kind || ' ' || (pg_identify_object(class, oid, 0)).identity AS object FROM found ORDER BY 1;
