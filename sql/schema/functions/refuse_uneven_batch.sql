CREATE FUNCTION refuse_uneven_batch(
    number integer,
    fencing_tokens integer,
    further text DEFAULT NULL,
    further_number integer DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RAISE EXCEPTION '% do not go together', coalesce(
        'task_ids, fencing_tokens and ' || refuse_uneven_batch.further, 'task_ids and fencing_tokens'
    )
        USING ERRCODE = 'AE001',
            DETAIL = format(
                'Given: %s task_ids, %s fencing_tokens%s.', coalesce(refuse_uneven_batch.number, 0),
                coalesce(refuse_uneven_batch.fencing_tokens, 0),
                ', ' || coalesce(refuse_uneven_batch.further_number::text, 'no') || ' ' || refuse_uneven_batch.further
            ),
            HINT = 'Give at least one task, and arrays of the same length, in the same order'
                || coalesce('; ' || refuse_uneven_batch.further || ' may be left out.', '.');
END
$$;

COMMENT ON FUNCTION refuse_uneven_batch(integer, integer, text, integer) IS
'Refuses a batch whose arrays differ in length; the functions that take tasks with their fencing tokens call it.
Arguments: number of task_ids, of fencing_tokens, further: name of a third array, NULL without one, further_number: of its
elements. Result: none, it always raises.
Errors: AE001 always.';

REVOKE EXECUTE ON FUNCTION refuse_uneven_batch(integer, integer, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION refuse_uneven_batch(integer, integer, text, integer) TO service_role;
