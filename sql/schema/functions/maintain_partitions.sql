CREATE FUNCTION maintain_partitions(
    months_ahead integer DEFAULT 2,
    log_retention interval DEFAULT '1 year',
    history_retention interval DEFAULT '90 days',
    moment timestamptz DEFAULT now()
)
RETURNS TABLE (partition_name text, action text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    this_month CONSTANT timestamp := date_trunc('month', maintain_partitions.moment AT TIME ZONE 'UTC');
    kept record;
    month_start timestamp;
    months timestamp[];
BEGIN
    IF coalesce(maintain_partitions.months_ahead, -1) NOT BETWEEN 0 AND 120
        OR coalesce(maintain_partitions.log_retention, '0') < interval '1 day'
        OR coalesce(maintain_partitions.history_retention, '0') < interval '1 day'
        OR maintain_partitions.moment IS NULL THEN
        RAISE EXCEPTION 'partitions cannot be kept like this'
            USING ERRCODE = 'AE001',
                DETAIL = format(
                    'Given: months_ahead %s, log_retention %s, history_retention %s.', maintain_partitions.months_ahead,
                    maintain_partitions.log_retention, maintain_partitions.history_retention
                ),
                HINT = 'months_ahead is 0 to 120, retention 1 day or more.';
    END IF;
    -- Two at once would make the same partition; and nobody is kept waiting for long.
    PERFORM set_config('lock_timeout', '4s', TRUE);
    PERFORM pg_advisory_xact_lock('agent_communication_logs'::regclass::oid::bigint);

    FOR kept IN
        SELECT given.parent, given.key, given.retention
        FROM (
            VALUES
            ('agent_communication_logs', 'logged_at', maintain_partitions.log_retention),
            ('agent_performance_history', 'recorded_at', maintain_partitions.history_retention)
        ) AS given (parent, key, retention)
    LOOP
        -- Months of which the default partition holds rows, this one, and those ahead. Listed before the first is made:
        -- a table cannot be changed while a query reads it.
        EXECUTE format(
            $months$
            SELECT array_agg(wanted.month ORDER BY wanted.month)
            FROM (
                SELECT date_trunc('month', %1$I AT TIME ZONE 'UTC')
                FROM %2$I WHERE tableoid = %3$L::regclass
                UNION
                SELECT ahead FROM generate_series($1, $1 + $2 * interval '1 month', interval '1 month') AS ahead
            ) AS wanted (month)
            $months$,
            kept.key, kept.parent, kept.parent || '_default'
        ) INTO months USING this_month, maintain_partitions.months_ahead;
        FOREACH month_start IN ARRAY months LOOP
            partition_name := make_partition(kept.parent, kept.key, month_start);
            action := 'created';
            IF partition_name IS NOT NULL THEN
                RETURN NEXT;
            END IF;
        END LOOP;

        FOR partition_name, month_start IN
            SELECT child.relname, to_timestamp(right(child.relname, 7), 'YYYY_MM')::timestamp
            FROM pg_inherits
            INNER JOIN pg_class AS child ON pg_inherits.inhrelid = child.oid
            WHERE pg_inherits.inhparent = kept.parent::regclass
                AND child.relname ~ ('^' || kept.parent || '_p[0-9]{4}_[0-9]{2}$')
                AND (to_timestamp(right(child.relname, 7), 'YYYY_MM')::timestamp + interval '1 month') AT TIME ZONE 'UTC'
                    <= maintain_partitions.moment - kept.retention
            ORDER BY child.relname
        LOOP
            EXECUTE format('DROP TABLE %I', partition_name);
            IF kept.parent = 'agent_communication_logs' THEN
                PERFORM expire_seals((month_start + interval '1 month') AT TIME ZONE 'UTC');
            END IF;
            action := 'dropped';
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;

COMMENT ON FUNCTION maintain_partitions(integer, interval, interval, timestamptz) IS
'Keeps the monthly partitions (UTC) of agent_communication_logs and agent_performance_history: makes those of this month, of the
months ahead and of months whose rows came before them, and drops those whose whole month is past retention. Call it daily.
Arguments: months_ahead, 0 to 120; log_retention and history_retention, 1 day or more; moment, the present.
Result: a row for each change: partition_name, action (created, dropped).
Errors: AE001 an argument is out of range. PostgreSQL''s 55P03 if a lock was not to be had in 4 s: nothing has changed then.';

REVOKE EXECUTE ON FUNCTION maintain_partitions(integer, interval, interval, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION maintain_partitions(integer, interval, interval, timestamptz) TO service_role;
