CREATE FUNCTION maintain(duty text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    most CONSTANT integer := 10000;
    pruned integer;
    changed bigint := 0;
BEGIN
    CASE maintain.duty
        WHEN 'mark_stale_agents' THEN
            changed := (SELECT count(*) FROM mark_stale_agents());
        WHEN 'reclaim_expired' THEN
            changed := reclaim_expired();
        WHEN 'check_rollouts' THEN
            changed := (SELECT count(*) FROM check_rollouts());
        WHEN 'seal' THEN
            changed := seal();
        WHEN 'roll_up_performance' THEN
            changed := roll_up_performance();
        WHEN 'maintain_partitions' THEN
            changed := (SELECT count(*) FROM maintain_partitions());
        WHEN 'prune_tasks' THEN
            LOOP
                pruned := prune_tasks(max_tasks => most);
                changed := changed + pruned;
                EXIT WHEN pruned < most;
            END LOOP;
        ELSE
            RAISE EXCEPTION 'there is no duty %', quote_nullable(maintain.duty)
                USING ERRCODE = 'AE001',
                    DETAIL = 'Maintenance is called for one duty at a time.',
                    HINT = 'The duties are mark_stale_agents, reclaim_expired, check_rollouts, seal, roll_up_performance, '
                        || 'maintain_partitions, prune_tasks.';
    END CASE;
    RETURN changed;
END
$$;

COMMENT ON FUNCTION maintain(text) IS
'One duty of the database''s maintenance, with its own default timeouts and retention: who may call this can hasten what is due,
and nothing else. The backup job''s schedule calls it.
Arguments: duty: mark_stale_agents, reclaim_expired, check_rollouts, seal (each about once a minute), roll_up_performance,
maintain_partitions, prune_tasks (each about once an hour): the functions of these names.
Result: how many agents, tasks, rollouts, entries, hours or partitions were changed.
Errors: AE001 there is no such duty; else as the function of that name.';

REVOKE EXECUTE ON FUNCTION maintain(text) FROM public;
GRANT EXECUTE ON FUNCTION maintain(text) TO maintenance, service_role;
