-- Comments on whatever users made; the reader picks those of what it looks at.
SELECT d.classoid::regclass::text AS class, d.objoid AS oid, d.objsubid AS subid, d.description AS comment
FROM pg_description d
WHERE (d.objoid >= 16384 AND d.classoid <> 'pg_namespace'::regclass)
   OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = ANY (ARRAY(SELECT oid FROM managed_schemas AS schema))
       -- initdb's own, which nobody wrote
       AND d.description <> 'standard public schema');
