CREATE FUNCTION lock_rollout(agent_class text, states rollout_state[]) RETURNS agent_versions
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    release agent_versions;
BEGIN
    SELECT known.*
    INTO release
    FROM agent_versions AS known
    WHERE known.agent_class = lock_rollout.agent_class AND known.rollout_state IN ('running', 'paused')
    FOR NO KEY UPDATE;

    IF release.rollout_state = ANY (lock_rollout.states) THEN
        RETURN release;
    END IF;
    RAISE EXCEPTION 'class % has no rollout that is %',
        quote_nullable(lock_rollout.agent_class), array_to_string(lock_rollout.states, ' or ')
        USING ERRCODE = 'AE402',
            DETAIL = coalesce(
                'That of version ' || release.version || ' is ' || release.rollout_state || '.', 'None is under way.'
            ),
            HINT = 'start_rollout() begins one, and goes on with one that is paused.';
END
$$;

COMMENT ON FUNCTION lock_rollout(text, rollout_state[]) IS
'The rollout of a class that is under way, held until the end of the transaction; the functions of rollouts call it.
Arguments: agent_class, states it may be in: running, paused. Result: the release.
Errors: AE402 there is none in those states.';

REVOKE EXECUTE ON FUNCTION lock_rollout(text, rollout_state[]) FROM public;
GRANT EXECUTE ON FUNCTION lock_rollout(text, rollout_state[]) TO service_role;
