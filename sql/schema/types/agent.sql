CREATE TYPE agent_type AS ENUM ('parent_unit', 'child_unit', 'standalone');

COMMENT ON TYPE agent_type IS
'What an agent is in the hierarchy: it leads others, it is led, or it stands alone.';

CREATE TYPE agent_status AS ENUM ('online', 'draining', 'offline', 'deregistered');

COMMENT ON TYPE agent_status IS
'Life of an agent: online (takes work), draining (finishes what it holds, takes nothing new), '
'offline (its heartbeat lapsed; the next one brings it back), deregistered (left for good; only register_agent revives it).
Transitions: online -> draining: its parent is gone, and its link says drain; online -> offline: mark_stale_agents(), its
heartbeat lapsed; draining -> offline: mark_stale_agents(), its heartbeat lapsed; offline -> online: heartbeat(), register_agent(); draining -> online: register_agent(); online -> deregistered:
deregister_agent(); draining -> deregistered: deregister_agent(); offline -> deregistered: deregister_agent();
deregistered -> online: register_agent().';
