CREATE FUNCTION make_partition(parent text, key text, month_start timestamp) RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    name CONSTANT text := make_partition.parent || to_char(make_partition.month_start, '"_p"YYYY"_"MM');
    bottom CONSTANT timestamptz := make_partition.month_start AT TIME ZONE 'UTC';
    top CONSTANT timestamptz := (make_partition.month_start + interval '1 month') AT TIME ZONE 'UTC';
    fallback CONSTANT text := make_partition.parent || '_default';
    columns text;
    has_guard CONSTANT boolean := make_partition.parent = 'agent_communication_logs';
BEGIN
    IF to_regclass(quote_ident(name)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', fallback);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, make_partition.parent);

    -- Rows that came before their partition move into it. They are read through the parent, whose policies admit the
    -- owner; its row triggers, which refuse a change of the log, are off for the length of this move.
    SELECT string_agg(quote_ident(attribute.attname), ', ')
    INTO columns
    FROM pg_attribute AS attribute
    WHERE attribute.attrelid = make_partition.parent::regclass AND attribute.attnum > 0 AND NOT attribute.attisdropped;
    EXECUTE format(
        'INSERT INTO %1$I (%2$s) SELECT %2$s FROM %3$I WHERE tableoid = %4$L::regclass AND %5$I >= $1 AND %5$I < $2',
        name, columns, make_partition.parent, fallback, make_partition.key
    ) USING bottom, top;
    IF has_guard THEN
        EXECUTE format('ALTER TABLE %I DISABLE TRIGGER refuse_log_change', fallback);
    END IF;
    EXECUTE format(
        'DELETE FROM %1$I WHERE tableoid = %2$L::regclass AND %3$I >= $1 AND %3$I < $2',
        make_partition.parent, fallback, make_partition.key
    ) USING bottom, top;
    IF has_guard THEN
        EXECUTE format('ALTER TABLE %I ENABLE TRIGGER refuse_log_change', fallback);
    END IF;

    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('COMMENT ON TABLE %I IS %L', name, to_char(make_partition.month_start, '"Entries of "YYYY-MM", UTC."'));
    EXECUTE format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', make_partition.parent, name, bottom, top
    );
    -- Triggers for statements are not cloned.
    IF has_guard THEN
        EXECUTE format(
            'CREATE TRIGGER refuse_log_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()',
            name
        );
        EXECUTE format('COMMENT ON TRIGGER refuse_log_truncate ON %I IS %L', name, 'Append-only, this partition as a whole.');
    END IF;
    RETURN name;
END
$$;

COMMENT ON FUNCTION make_partition(text, text, timestamp) IS
'Makes the partition of one month, takes over what lies in the default partition for it, and attaches it; maintain_partitions()
calls it.
Arguments: parent, a table with a default partition; key, the column it is partitioned by; month_start, the first of the month (UTC).
Result: the partition''s name, parent_pYYYY_MM; NULL if it was there.
Errors: none.';

REVOKE EXECUTE ON FUNCTION make_partition(text, text, timestamp) FROM public;
