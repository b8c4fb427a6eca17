-- Triggers a user made on the tables and views of the managed schemas; a partition's share belongs to its parent's trigger.
SELECT t.oid,
       t.tgrelid AS relation,
       t.tgname AS name,
       pg_get_triggerdef(t.oid, true) AS definition,
       CASE t.tgenabled WHEN 'O' THEN 'ORIGIN' WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA' ELSE 'ALWAYS' END
           AS enabled
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = ANY (ARRAY(SELECT oid FROM managed_schemas AS schema))
  AND NOT t.tgisinternal
  AND t.tgparentid = 0
ORDER BY t.tgname COLLATE "C";
