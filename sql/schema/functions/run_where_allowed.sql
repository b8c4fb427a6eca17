CREATE FUNCTION run_where_allowed(statements text[]) RETURNS SETOF text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY run_where_allowed.statements
    LOOP
        BEGIN
            EXECUTE statement;
            RETURN NEXT statement;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE WARNING 'Not done: %', SQLERRM
                    USING DETAIL = 'Statement: ' || statement, HINT = 'Let a role that may do so run the statement.';
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION run_where_allowed(text[]) IS
'Runs statements one after the other; what the caller may not do is left, with a WARNING that gives the statement.
Arguments: statements. Result: those that were run.
Errors: what a statement raises, but for a missing right.';

REVOKE EXECUTE ON FUNCTION run_where_allowed(text[]) FROM public;
