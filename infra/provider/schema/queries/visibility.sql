-- Whether the current role sees every row of a table, and whether there can be none: row level security hides rows
-- from a count silently. A permissive policy USING (true) without a restrictive one hides nothing.
WITH relation AS (SELECT c.oid, c.relname FROM pg_class c WHERE c.oid = %(relation)s::regclass),
policy AS (
    SELECT p.polpermissive AS permissive, pg_get_expr(p.polqual, p.polrelid) AS qual
    FROM pg_policy p JOIN relation ON relation.oid = p.polrelid
    WHERE p.polcmd IN ('*', 'r')
      AND EXISTS (SELECT FROM unnest(p.polroles) AS role
                  WHERE role = 0 OR pg_has_role(current_user, role, 'USAGE'))
)
SELECT NOT row_security_active(relation.oid)
       OR (EXISTS (SELECT FROM policy WHERE permissive AND qual = 'true')
           AND NOT EXISTS (SELECT FROM policy WHERE NOT permissive)) AS sees_all_rows,
       pg_relation_size(relation.oid) = 0
           AND NOT EXISTS (SELECT FROM pg_partition_tree(relation.oid) leaf WHERE pg_relation_size(leaf.relid) > 0)
           AS empty_on_disk
FROM relation;
