SELECT
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num')::int / 10000 AS major,
    d.datname AS database,
    pg_catalog.pg_get_userbyid(d.datdba) AS owner,
    pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
    d.datcollate AS lc_collate,
    d.datctype AS lc_ctype,
    pg_catalog.pg_database_size(d.oid) AS size,
    -- The locale's column was renamed in 17; a row as JSON has either.
    pg_catalog.to_jsonb(d) ->> 'datlocprovider' AS locale_provider,
    coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
    CASE
        WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
        ELSE pg_catalog.pg_current_wal_lsn()
    END::text AS lsn,
    CASE
        WHEN NOT pg_catalog.pg_is_in_recovery()
            THEN ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int
    END AS timeline
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
