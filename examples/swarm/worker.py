"""A worker: it claims tasks of its class, and becomes the version that it is told to run."""

import os
import sys
import time

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from examples.swarm.session import Ending, Identity, Session, connect

LEASE = "2 seconds"
"""Short, so that the work of a killed worker is soon another's."""
NOT_HELD = "AE103"


def main() -> None:
    """Work until told to end; then leave. On an upgrade this process goes on as a worker of the new version."""
    ending = Ending()
    identity = Identity.of_environment()
    with connect() as session:
        session.execute("LISTEN distributed_tasks")
        identity.register(session, "child_unit")
        session.execute(
            "SELECT publish('agents.discovery', 'agent.registered', agent_id => %s, correlation_id => %s)",
            (identity.agent_id, identity.run),
        )
        desired = _work(session, identity, ending)
        if desired is None:
            session.execute("SELECT deregister_agent(%s)", (identity.agent_id,))
    if desired is not None:
        # Here an agent would fetch artifact_uri and compare artifact_sha256. The process stays, its program changes.
        environment = {**os.environ, "SWARM_VERSION": desired}
        os.execve(sys.executable, [sys.executable, "-m", "examples.swarm.worker"], environment)  # noqa: S606


def _work(session: Session, identity: Identity, ending: Ending) -> str | None:
    """Return the version to become, when nothing is held; None when told to end."""
    while not ending:
        told = session.execute("SELECT * FROM heartbeat(%s)", (identity.agent_id,)).fetchone() or {}
        if told["desired_version"] not in (None, identity.version):
            return str(told["desired_version"])
        claim = "SELECT * FROM claim_tasks(%s, 1, %s::interval)"
        tasks = session.execute(claim, (identity.agent_id, LEASE)).fetchall() if told["status"] == "online" else []
        for task in tasks:
            _handle(session, identity, task)
        if not tasks:
            # A lease that runs out is not announced: ask again soon.
            list(session.notifies(timeout=0.5, stop_after=1))
    return None


def _handle(session: Session, identity: Identity, task: DictRow) -> None:
    held = (identity.agent_id, task["task_id"], task["fencing_token"])
    try:
        while task["payload"].get("stall") and task["attempt"] == 1:
            _renew(session, held, {"stalled": True})
            list(session.notifies(timeout=0.5))  # until this process is killed
        _renew(session, held, {"by": identity.agent_id})
        time.sleep(identity.seconds)  # the work itself
        # The work's effect and its completion commit together: whoever has lost the task leaves no effect.
        with session.transaction():
            session.execute("SELECT complete_task(%s, %s, %s)", held)
            session.execute("SELECT log_messages(%s)", (Jsonb([_completed(identity, task)]),))
    except psycopg.Error as error:
        if error.sqlstate != NOT_HELD:
            raise


def _renew(session: Session, held: tuple[object, ...], progress: dict[str, object]) -> None:
    session.execute("SELECT renew_lease(%s, %s, %s, %s::interval, %s)", (*held, LEASE, Jsonb(progress)))


def _completed(identity: Identity, task: DictRow) -> dict[str, object]:
    return {
        "from_agent_id": identity.agent_id,
        "to_agent_id": identity.orchestrator,
        "protocol": "pg_notify",
        "message_type": "task.completed",
        "task_id": str(task["task_id"]),
        "correlation_id": identity.run,
        "payload": {"version": identity.version, "attempt": task["attempt"]},
    }


if __name__ == "__main__":
    main()
