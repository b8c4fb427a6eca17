-- Objects that a statement makes whole and that change by being made anew: one row each, with that statement.
-- `phrase` is what DROP and COMMENT ON call it, `home` the relation it goes with, `rights` what GRANT calls it.
WITH schema AS (SELECT * FROM managed_schemas AS m),
member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
whole (kind, class, oid, name, phrase, definition, more, home, owner, rights) AS (
    SELECT 'aggregate', 'pg_proc'::regclass::oid, p.oid, p.oid::regprocedure::text,
           format('AGGREGATE %%s(%%s)', format(schema.written, p.proname), COALESCE(NULLIF(pg_get_function_identity_arguments(p.oid), ''), '*')),
           format('CREATE AGGREGATE %%s(%%s) (%%s)', format(schema.written, p.proname),
                  COALESCE(NULLIF(pg_get_function_arguments(p.oid), ''), '*'),
                  concat_ws(', ', 'SFUNC = ' || a.aggtransfn::regproc,
                            'STYPE = ' || format_type(a.aggtranstype, NULL),
                            'SSPACE = ' || NULLIF(a.aggtransspace, 0),
                            'FINALFUNC = ' || NULLIF(a.aggfinalfn::oid, 0)::regproc,
                            CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                            CASE WHEN a.aggfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                                 THEN 'FINALFUNC_MODIFY = ' || modify.final END,
                            'COMBINEFUNC = ' || NULLIF(a.aggcombinefn::oid, 0)::regproc,
                            'SERIALFUNC = ' || NULLIF(a.aggserialfn::oid, 0)::regproc,
                            'DESERIALFUNC = ' || NULLIF(a.aggdeserialfn::oid, 0)::regproc,
                            'INITCOND = ' || quote_literal(a.agginitval),
                            'MSFUNC = ' || NULLIF(a.aggmtransfn::oid, 0)::regproc,
                            'MINVFUNC = ' || NULLIF(a.aggminvtransfn::oid, 0)::regproc,
                            'MSTYPE = ' || format_type(NULLIF(a.aggmtranstype, 0), NULL),
                            'MSSPACE = ' || NULLIF(a.aggmtransspace, 0),
                            'MFINALFUNC = ' || NULLIF(a.aggmfinalfn::oid, 0)::regproc,
                            CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                            CASE WHEN a.aggmtransfn <> 0
                                      AND a.aggmfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                                 THEN 'MFINALFUNC_MODIFY = ' || modify.moving END,
                            'MINITCOND = ' || quote_literal(a.aggminitval),
                            'SORTOP = OPERATOR(' || sort.name || ')',
                            CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
                            CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END)),
           NULL::text[], NULL::name, p.proowner, 'FUNCTION ' || p.oid::regprocedure
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN schema ON p.pronamespace = schema.oid
    CROSS JOIN LATERAL (
        SELECT CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END AS final,
               CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END AS moving
    ) modify
    LEFT JOIN LATERAL (
        SELECT quote_ident(n.nspname) || '.' || o.oprname AS name
        FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = a.aggsortop
    ) sort ON true
    UNION ALL
    SELECT 'range', 'pg_type'::regclass, t.oid, format(schema.named, t.typname), 'TYPE ' || format(schema.written, t.typname),
           format('CREATE TYPE %%s AS RANGE (%%s)', format(schema.written, t.typname),
                  concat_ws(', ', 'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
                            'SUBTYPE_OPCLASS = ' || CASE WHEN NOT o.opcdefault THEN quote_ident(o.opcname) END,
                            'COLLATION = ' || CASE WHEN r.rngcollation <> s.typcollation
                                                   THEN r.rngcollation::regcollation::text END,
                            'CANONICAL = ' || NULLIF(r.rngcanonical::oid, 0)::regproc,
                            'SUBTYPE_DIFF = ' || NULLIF(r.rngsubdiff::oid, 0)::regproc,
                            'MULTIRANGE_TYPE_NAME = ' || format(schema.written, m.typname))),
           NULL, NULL, t.typowner, 'TYPE ' || format(schema.written, t.typname)
    FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN schema ON t.typnamespace = schema.oid
    JOIN pg_type s ON s.oid = r.rngsubtype JOIN pg_opclass o ON o.oid = r.rngsubopc
    JOIN pg_type m ON m.oid = r.rngmultitypid
    UNION ALL
    SELECT 'collation', 'pg_collation'::regclass, c.oid, format(schema.named, c.collname), 'COLLATION ' || format(schema.written, c.collname),
           format('CREATE COLLATION %%s (%%s)', format(schema.written, c.collname),
                  concat_ws(', ', 'PROVIDER = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                                                                       ELSE 'libc' END,
                            'LC_COLLATE = ' || quote_literal(c.collcollate), 'LC_CTYPE = ' || quote_literal(c.collctype),
                            -- The column was called colliculocale before PostgreSQL 17.
                            'LOCALE = ' || quote_literal(COALESCE(j.row ->> 'colllocale', j.row ->> 'colliculocale')),
                            'RULES = ' || quote_literal(j.row ->> 'collicurules'),
                            CASE WHEN NOT c.collisdeterministic THEN 'DETERMINISTIC = false' END)),
           NULL, NULL, c.collowner, NULL
    FROM pg_collation c JOIN schema ON c.collnamespace = schema.oid CROSS JOIN LATERAL (SELECT to_jsonb(c) AS row) j
    UNION ALL
    SELECT 'operator', 'pg_operator'::regclass, o.oid, o.oid::regoperator::text, 'OPERATOR ' || o.oid::regoperator,
           format('CREATE OPERATOR %%s%%s (%%s)', CASE WHEN NOT schema.main THEN quote_ident(schema.schema) || '.' END, o.oprname,
                  concat_ws(', ', 'FUNCTION = ' || o.oprcode::regproc,
                            'LEFTARG = ' || format_type(NULLIF(o.oprleft, 0), NULL),
                            'RIGHTARG = ' || format_type(NULLIF(o.oprright, 0), NULL),
                            'COMMUTATOR = ' || other.commutator,
                            'NEGATOR = ' || other.negator,
                            'RESTRICT = ' || NULLIF(o.oprrest::oid, 0)::regproc,
                            'JOIN = ' || NULLIF(o.oprjoin::oid, 0)::regproc,
                            CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END)),
           NULL, NULL, o.oprowner, NULL
    FROM pg_operator o JOIN schema ON o.oprnamespace = schema.oid
    CROSS JOIN LATERAL (
        SELECT max(CASE x.oid WHEN o.oprcom THEN part.name END) AS commutator,
               max(CASE x.oid WHEN o.oprnegate THEN part.name END) AS negator
        FROM pg_operator x LEFT JOIN schema home ON home.oid = x.oprnamespace AND NOT home.main
        CROSS JOIN LATERAL (
            SELECT CASE WHEN home.oid IS NULL THEN x.oprname::text ELSE format('OPERATOR(%%I.%%s)', home.schema, x.oprname) END AS name) part
        WHERE x.oid IN (o.oprcom, o.oprnegate)
    ) other
    WHERE o.oprcode <> 0
    UNION ALL
    SELECT 'cast', 'pg_cast'::regclass, c.oid, sides.text, 'CAST ' || sides.text,
           concat_ws(' ', 'CREATE CAST', sides.text,
                     CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure
                                       WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END,
                     CASE c.castcontext WHEN 'a' THEN 'AS ASSIGNMENT' WHEN 'i' THEN 'AS IMPLICIT' END),
           NULL, NULL, NULL, NULL
    FROM pg_cast c
    CROSS JOIN LATERAL (
        SELECT format('(%%s AS %%s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) AS text) sides
    WHERE EXISTS (SELECT FROM pg_type t JOIN schema ON t.typnamespace = schema.oid
                  WHERE t.oid IN (c.castsource, c.casttarget))
      -- A range type brings the cast to its multirange along.
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                        AND d.deptype = 'i')
    UNION ALL
    SELECT 'tsdictionary', 'pg_ts_dict'::regclass, d.oid, format(schema.named, d.dictname),
           'TEXT SEARCH DICTIONARY ' || format(schema.written, d.dictname),
           format('CREATE TEXT SEARCH DICTIONARY %%s (%%s)', format(schema.written, d.dictname),
                  concat_ws(', ', 'TEMPLATE = ' || quote_ident(t.tmplname), d.dictinitoption)),
           NULL, NULL, d.dictowner, NULL
    FROM pg_ts_dict d JOIN schema ON d.dictnamespace = schema.oid JOIN pg_ts_template t ON t.oid = d.dicttemplate
    UNION ALL
    SELECT 'tsconfiguration', 'pg_ts_config'::regclass, c.oid, format(schema.named, c.cfgname),
           'TEXT SEARCH CONFIGURATION ' || format(schema.written, c.cfgname),
           format('CREATE TEXT SEARCH CONFIGURATION %%s (PARSER = %%I)', format(schema.written, c.cfgname), p.prsname),
           ARRAY(SELECT format('ALTER TEXT SEARCH CONFIGURATION %%s ADD MAPPING FOR %%s WITH %%s',
                               format(schema.written, c.cfgname), token.alias,
                               string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno))
                 FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) token ON token.tokid = m.maptokentype
                 WHERE m.mapcfg = c.oid GROUP BY token.alias ORDER BY token.alias),
           NULL, c.cfgowner, NULL
    FROM pg_ts_config c JOIN schema ON c.cfgnamespace = schema.oid JOIN pg_ts_parser p ON p.oid = c.cfgparser
    UNION ALL
    SELECT 'statistics', 'pg_statistic_ext'::regclass, s.oid, format(schema.named, s.stxname), 'STATISTICS ' || format(schema.written, s.stxname),
           format('CREATE STATISTICS %%s%%s ON %%s FROM %%s', format(schema.written, s.stxname),
                  ' (' || (SELECT string_agg(CASE kind WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                       ELSE 'mcv' END, ', ' ORDER BY kind)
                           FROM unnest(s.stxkind) kind WHERE kind <> 'e') || ')',
                  pg_get_statisticsobjdef_columns(s.oid), format(schema.written, r.relname)),
           CASE WHEN s.stxstattarget >= 0
                THEN ARRAY[format('ALTER STATISTICS %%s SET STATISTICS %%s', format(schema.written, s.stxname), s.stxstattarget)] END,
           format(schema.named, r.relname), s.stxowner, NULL
    FROM pg_statistic_ext s JOIN pg_class r ON r.oid = s.stxrelid
    JOIN schema ON s.stxnamespace = schema.oid AND r.relnamespace = schema.oid
    UNION ALL
    SELECT 'rule', 'pg_rewrite'::regclass, w.oid, format(schema.named, r.relname) || '.' || w.rulename,
           format('RULE %%I ON %%s', w.rulename, format(schema.written, r.relname)), rtrim(pg_get_ruledef(w.oid, true), ';'),
           CASE WHEN w.ev_enabled <> 'O'
                THEN ARRAY[format('ALTER TABLE %%s %%s RULE %%I', format(schema.written, r.relname),
                                  CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                                    ELSE 'ENABLE ALWAYS' END, w.rulename)] END,
           format(schema.named, r.relname), NULL, NULL
    FROM pg_rewrite w JOIN pg_class r ON r.oid = w.ev_class JOIN schema ON r.relnamespace = schema.oid
    WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'eventtrigger', 'pg_event_trigger'::regclass, e.oid, e.evtname, format('EVENT TRIGGER %%I', e.evtname),
           concat_ws(' ', format('CREATE EVENT TRIGGER %%I ON %%s', e.evtname, e.evtevent),
                     'WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ' ORDER BY place)
                                         FROM unnest(e.evttags) WITH ORDINALITY AS tags (tag, place)) || ')',
                     'EXECUTE FUNCTION ' || e.evtfoid::regprocedure),
           CASE WHEN e.evtenabled <> 'O'
                THEN ARRAY[format('ALTER EVENT TRIGGER %%I %%s', e.evtname,
                                  CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                                    ELSE 'ENABLE ALWAYS' END)] END,
           NULL, e.evtowner, NULL
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN schema ON p.pronamespace = schema.oid
)
SELECT w.kind, w.class::regclass::text AS class, w.oid, w.name::text AS name, w.phrase, w.definition,
       COALESCE(w.more, '{}') AS more, w.home::text AS home, COALESCE(pg_get_userbyid(w.owner)::text, '') AS owner,
       w.rights
FROM whole w
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = w.class AND m.objid = w.oid)
ORDER BY w.kind, w.name COLLATE "C";
