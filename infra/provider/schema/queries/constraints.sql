-- Table and domain constraints of the managed schemas. NOT NULL is a property of its column; what a partition has from its
-- parent belongs to the parent; constraint triggers are triggers.
SELECT c.oid,
       c.conrelid AS relation,
       c.contypid AS domain,
       c.conname AS name,
       c.contype::text AS kind,
       pg_get_constraintdef(c.oid, true) AS definition,
       c.convalidated AS validated,
       COALESCE(format(home.named, f.relname), f.relname) AS references,
       CASE WHEN c.contype IN ('p', 'u', 'x') THEN c.conindid END AS index,
       -- pg_get_constraintdef leaves the parameters of a key's index out.
       (SELECT string_agg(quote_ident(split_part(option, '=', 1)) || '=' || quote_literal(substr(option, strpos(option, '=') + 1)), ', ')
        FROM pg_class x, unnest(x.reloptions) AS option WHERE x.oid = c.conindid AND c.contype IN ('p', 'u', 'x'))
           AS parameters
FROM pg_constraint c
LEFT JOIN pg_class f ON f.oid = c.confrelid AND c.contype = 'f'
LEFT JOIN managed_schemas AS home ON home.oid = f.relnamespace
WHERE c.connamespace = ANY (ARRAY(SELECT oid FROM managed_schemas AS schema))
  AND c.contype IN ('p', 'u', 'c', 'f', 'x')
  AND c.conparentid = 0
  AND (c.conislocal OR c.conrelid = 0)
ORDER BY c.conname COLLATE "C";
