CREATE FUNCTION reparent_children(parent_agent_ids text[] DEFAULT NULL, offline_for interval DEFAULT '1 hour')
RETURNS TABLE (child_agent_id text, former_parent_agent_id text, parent_agent_id text, reparent_policy reparent_policy)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    silent_since CONSTANT timestamptz := clock_timestamp() - reparent_children.offline_for;
    bereaved text[];
    gone text[];
    link record;
BEGIN
    IF coalesce(reparent_children.offline_for, '-1 second') < interval '0' THEN
        RAISE EXCEPTION 'parents cannot be told gone after %', quote_nullable(reparent_children.offline_for)
            USING ERRCODE = 'AE001', DETAIL = 'offline_for is out of range.', HINT = 'Give an interval such as 1 hour.';
    END IF;

    -- The link counts too: after an outage of the database every heartbeat is old, and the sweep that marks an agent
    -- offline dates its links anew, so that a parent has the whole time from then on to come back.
    SELECT array_agg(below.child_agent_id), array_agg(below.parent_agent_id)
    INTO bereaved, gone
    FROM agent_registry AS parent
    INNER JOIN agent_hierarchy AS below ON parent.agent_id = below.parent_agent_id
    WHERE coalesce(parent.agent_id = ANY (reparent_children.parent_agent_ids), TRUE)
        AND (
            parent.status = 'deregistered'
            OR (
                parent.status = 'offline'
                AND greatest(parent.last_heartbeat_at, below.connection_state_changed_at) < silent_since
            )
        );
    IF bereaved IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_hierarchy();

    -- All heirs are found in one snapshot, before the first link changes: the order of the children does not matter.
    FOR link IN
        SELECT
            below.child_agent_id, below.parent_agent_id, below.reparent_policy, child.status AS child_status,
            heir.agent_id AS heir
        FROM agent_hierarchy AS below
        INNER JOIN agent_registry AS child ON below.child_agent_id = child.agent_id
        INNER JOIN agent_registry AS parent ON below.parent_agent_id = parent.agent_id
        LEFT JOIN LATERAL (
            WITH RECURSIVE ancestors AS (
                SELECT higher.parent_agent_id AS agent_id, 1 AS depth
                FROM agent_hierarchy AS higher
                WHERE higher.child_agent_id = below.parent_agent_id
                UNION ALL
                SELECT higher.parent_agent_id, ancestors.depth + 1
                FROM ancestors
                INNER JOIN agent_hierarchy AS higher ON ancestors.agent_id = higher.child_agent_id
            )

            SELECT ancestors.agent_id
            FROM ancestors
            INNER JOIN agent_registry AS known ON ancestors.agent_id = known.agent_id
            WHERE known.status IN ('online', 'draining')
                OR (known.status = 'offline' AND known.last_heartbeat_at >= silent_since)
            ORDER BY ancestors.depth
            LIMIT 1
        ) AS heir ON below.reparent_policy = 'to_grandparent'
        WHERE below.child_agent_id = ANY (bereaved) AND below.parent_agent_id = ANY (gone)
            AND parent.status IN ('offline', 'deregistered')
        ORDER BY below.child_agent_id
    LOOP
        IF link.reparent_policy = 'drain' THEN
            -- One that is offline drains when it is back: until then it keeps its link. So does one whose row another
            -- session holds: waiting for it here could end in a ring, with heartbeats(). The next call takes them.
            CONTINUE WHEN link.child_status = 'offline';
            IF link.child_status = 'online' THEN
                UPDATE agent_registry SET status = 'draining'
                WHERE agent_registry.agent_id = (
                    SELECT idle.agent_id
                    FROM agent_registry AS idle
                    WHERE idle.agent_id = link.child_agent_id AND idle.status = 'online'
                    FOR NO KEY UPDATE SKIP LOCKED
                );
                CONTINUE WHEN NOT FOUND;
            END IF;
        END IF;
        IF link.heir IS NULL THEN
            DELETE FROM agent_hierarchy AS below WHERE below.child_agent_id = link.child_agent_id;
        ELSE
            UPDATE agent_hierarchy AS below SET parent_agent_id = link.heir, connection_state = 'pending'
            WHERE below.child_agent_id = link.child_agent_id;
        END IF;
        child_agent_id := link.child_agent_id;
        former_parent_agent_id := link.parent_agent_id;
        parent_agent_id := link.heir;
        reparent_policy := link.reparent_policy;
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION reparent_children(text[], interval) IS
'Gives the children of parents that are gone what their link''s reparent_policy says. to_grandparent: the nearest above that is not
gone leads them, and the link is pending; without one they stand alone. orphan: they stand alone. drain: they stand alone, finish what
they hold and take nothing new. Gone is a parent that is deregistered, or offline for long: one that comes back later does not get
them back. deregister_agent() and mark_stale_agents() call it.
Arguments: parent_agent_ids, NULL for all; offline_for, how long a parent may be offline: since its last heartbeat, or since it was
marked if that is later.
Result: a row a child: child_agent_id, former_parent_agent_id, parent_agent_id (NULL: it stands alone), reparent_policy. A child that is
to drain and cannot yet, being offline, is left for a later call.
Errors: AE001 offline_for is below 0, AE202 the isolation level does not allow it.';

REVOKE EXECUTE ON FUNCTION reparent_children(text[], interval) FROM public;
GRANT EXECUTE ON FUNCTION reparent_children(text[], interval) TO service_role;
