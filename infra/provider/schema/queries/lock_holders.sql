-- Who holds one of these relations, an index or a partition of one, in a way that is in another's way. What they run is
-- left out: it may hold secrets. Since when is hidden from a role that lacks pg_read_all_stats.
WITH wanted AS (
    SELECT to_regclass(name)::oid AS oid FROM unnest(%(relations)s::text[]) AS name
),
concerned AS (
    SELECT oid FROM wanted
    UNION SELECT indexrelid FROM pg_index JOIN wanted ON indrelid = wanted.oid
    UNION SELECT relid FROM wanted, LATERAL pg_partition_tree(wanted.oid)
),
holder AS (
    SELECT DISTINCT pid FROM pg_locks
    WHERE locktype = 'relation' AND granted AND relation IN (SELECT oid FROM concerned) AND mode = ANY(%(modes)s)
      AND pid <> pg_backend_pid()
)
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state, a.xact_start AS since
FROM pg_stat_activity a
JOIN holder USING (pid)
ORDER BY a.xact_start NULLS LAST, a.pid;
