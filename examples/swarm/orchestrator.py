"""The orchestrator: it puts the workers below itself as they come, and enqueues the work once all are there."""

import json
import os

from psycopg.types.json import Jsonb

from examples.swarm import graph
from examples.swarm.session import Ending, Identity, Session, connect


def main() -> None:
    """Lead the run until told to end."""
    ending = Ending()
    identity = Identity.of_environment()
    workers, topics = int(os.environ["SWARM_WORKERS"]), int(os.environ["SWARM_TOPICS"])
    with connect() as session:
        session.execute('LISTEN "agents.discovery"')
        identity.register(session, "parent_unit")
        enqueued = False
        while not ending:
            session.execute("SELECT heartbeat(%s)", (identity.agent_id,))
            if not enqueued and _link(session, identity) == workers:
                tasks = graph.build(topics, identity.capability, identity.run, os.environ["SWARM_NEW_VERSION"])
                session.execute("SELECT enqueue_tasks(%s, %s)", (Jsonb(tasks, dumps=json.dumps), identity.agent_id))
                enqueued = True
            list(session.notifies(timeout=0.5, stop_after=1))
        session.execute("SELECT deregister_agent(%s)", (identity.agent_id,))


def _link(session: Session, identity: Identity) -> int:
    """Put workers that registered below the orchestrator; return how many it leads."""
    session.execute(
        """
        SELECT attach_agent(%(leader)s, agent_id, 'pg_notify', '{"channel": "agents.discovery"}')
        FROM agent_registry
        WHERE capabilities @> ARRAY[%(capability)s] AND agent_id <> %(leader)s
            AND NOT EXISTS (SELECT FROM agent_hierarchy WHERE child_agent_id = agent_id)
        """,
        {"leader": identity.agent_id, "capability": identity.capability},
    )
    row = session.execute(
        "SELECT count(*) AS led FROM agent_hierarchy WHERE parent_agent_id = %s", (identity.agent_id,)
    ).fetchone()
    return int(row["led"]) if row else 0


if __name__ == "__main__":
    main()
