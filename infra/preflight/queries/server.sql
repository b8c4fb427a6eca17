-- The server, the database, and what the connected role may do there.
SELECT
    current_setting('server_version_num')::int AS version,
    current_user::text AS role,
    current_database()::text AS database,
    me.rolsuper AS superuser,
    me.rolcreaterole AS create_role,
    me.rolcreatedb AS create_database,
    me.rolbypassrls AS bypass_rls,
    pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only')::boolean AS read_only,
    has_database_privilege(current_database(), 'CREATE') AS create_in_database,
    getdatabaseencoding()::text AS encoding,
    -- Of another encoding chr() fails on a Korean letter, and would be called though the first half is false.
    getdatabaseencoding() = 'UTF8'
    AND chr(CASE WHEN getdatabaseencoding() = 'UTF8' THEN 50500 ELSE 65 END) ~ '[[:alnum:]]' AS all_letters,
    pg_database_size(current_database()) AS bytes,
    extract(EPOCH FROM clock_timestamp())::float8 AS clock,
    CASE
        WHEN to_regrole('supabase_admin') IS NOT NULL THEN 'supabase'
        WHEN to_regrole('rds_superuser') IS NOT NULL THEN 'rds'
        ELSE 'other'
    END AS platform,
    coalesce(to_regrole('rds_superuser') IS NOT NULL AND pg_has_role('rds_superuser', 'MEMBER'), FALSE) AS rds_superuser,
    -- By way of the view: it hides what we may not see, where current_setting() would fail.
    coalesce((SELECT setting FROM pg_settings WHERE name = 'supautils.privileged_extensions'), '') AS privileged_extensions,
    CASE
        WHEN current_setting('server_version_num')::int >= 160000
            THEN pg_has_role('pg_read_all_data', 'USAGE WITH ADMIN OPTION') OR me.rolsuper
        ELSE me.rolcreaterole OR me.rolsuper
    END AS grant_read_all,
    CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory', TRUE) END AS data_directory,
    (SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'pgstack') AS ledger_owner,
    EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace::regnamespace::text = 'pgstack' AND relname IN ('managed_schema', 'prepared_object')
    ) AS ledger
FROM pg_roles AS me
WHERE me.rolname = current_user
