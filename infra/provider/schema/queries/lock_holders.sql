-- Who held one of these relations, or an index of one, in a way that another wanted; then whoever has a transaction open
-- for longer, which is what CREATE INDEX CONCURRENTLY waits for. What other users run is no one's business here, and a
-- role without pg_read_all_stats does not see since when.
WITH wanted AS (
    SELECT unnest(%(relations)s::text[])::regclass::oid AS oid
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
