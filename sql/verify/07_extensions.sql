-- The three extensions the schema needs, in the schema where it looks for them.
SELECT
    count(found.extname) = count(*) AS ok,
    CASE
        WHEN count(found.extname) = count(*)
            THEN '🧩 Extensions: ' || string_agg(expected.name || ' ' || found.extversion, ', ' ORDER BY expected.nth)
        ELSE
            'missing from schema extensions: '
            || string_agg(expected.name, ', ' ORDER BY expected.nth) FILTER (WHERE found.extname IS NULL)
    END AS message
FROM unnest(ARRAY['uuid-ossp', 'vector', 'pg_trgm']) WITH ORDINALITY AS expected (name, nth)
LEFT JOIN pg_extension AS found
    ON expected.name = found.extname AND found.extnamespace = 'extensions'::regnamespace;
