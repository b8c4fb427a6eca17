-- Every sequence of the managed schemas, an identity column's included; what equals the default of its type is NULL.
SELECT s.seqrelid AS oid,
       format_type(s.seqtypid, NULL) AS type,
       NULLIF(s.seqincrement, 1) AS increment,
       NULLIF(s.seqmin, CASE WHEN s.seqincrement > 0 THEN 1 ELSE bounds.low END) AS minimum,
       NULLIF(s.seqmax, CASE WHEN s.seqincrement > 0 THEN bounds.high ELSE -1 END) AS maximum,
       NULLIF(s.seqstart, CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END) AS start,
       NULLIF(s.seqcache, 1) AS cache,
       s.seqcycle AS cycle,
       identity.refobjid IS NOT NULL AS of_identity,
       format(home.named, t.relname) AS owner_table,
       a.attname AS owner_column
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
CROSS JOIN LATERAL (
    SELECT CASE s.seqtypid WHEN 'int2'::regtype THEN -32768 WHEN 'int4'::regtype THEN -2147483648
                           ELSE -9223372036854775808 END::bigint AS low,
           CASE s.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                           ELSE 9223372036854775807 END::bigint AS high
) bounds
LEFT JOIN pg_depend identity ON identity.classid = 'pg_class'::regclass AND identity.objid = s.seqrelid
    AND identity.refclassid = 'pg_class'::regclass AND identity.deptype = 'i'
LEFT JOIN pg_depend owned ON owned.classid = 'pg_class'::regclass AND owned.objid = s.seqrelid
    AND owned.refclassid = 'pg_class'::regclass AND owned.deptype = 'a' AND owned.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = owned.refobjid
LEFT JOIN managed_schemas AS home ON home.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = owned.refobjid AND a.attnum = owned.refobjsubid
WHERE c.relnamespace = ANY (ARRAY(SELECT oid FROM managed_schemas AS schema));
