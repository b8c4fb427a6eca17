"""One agent: it registers, works on the tasks that come, and leaves when it is interrupted (Ctrl-C, SIGTERM).

    DATABASE_URL=$(make url) .venv/bin/python examples/agent.py executor-1

It needs psycopg and nothing else. Its login is one of its own, a member of `agent`, or the service's.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

AGENT_CLASS, VERSION, LEASE = "executor", "1.8.3", "30 seconds"
NOT_HELD = "AE103"

Row = dict[str, Any]


def work(payload: Row, report: Callable[[Row], None]) -> Row:
    """Do the work of one task; every `report` says how far it is and keeps the lease alive."""
    steps = int(payload.get("steps", 3))
    for step in range(1, steps + 1):
        report({"step": step, "of": steps})
    return {"steps": steps}


def handle(connection: psycopg.Connection[Row], agent_id: str, task: Row) -> str:
    """Work on a claimed task and end it; return what became of it."""
    held = (agent_id, task["task_id"], task["fencing_token"])

    def report(progress: Row) -> None:
        connection.execute("SELECT renew_lease(%s, %s, %s, %s::interval, %s)", (*held, LEASE, Jsonb(progress)))

    try:
        result = work(task["payload"], report)
        connection.execute("SELECT complete_task(%s, %s, %s, %s)", (*held, Jsonb(result)))
    except psycopg.Error as error:
        if error.sqlstate != NOT_HELD:
            raise
        return "lost: its lease ran out and another agent has it, or it was cancelled"
    except Exception as error:  # noqa: BLE001 - whatever the work raises, the task is tried again, by anyone
        failed = connection.execute("SELECT fail_task(%s, %s, %s, %s) AS status", (*held, str(error))).fetchone()
        return f"failed, now {failed and failed['status']}: {error}"
    return "done"


def main(agent_id: str) -> None:
    """Register `agent_id`, and claim, work, complete until interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, row_factory=dict_row) as connection:
        connection.execute("LISTEN distributed_tasks")
        connection.execute("SELECT register_agent(%s, %s, %s)", (agent_id, AGENT_CLASS, VERSION))
        try:
            while True:
                told = connection.execute("SELECT * FROM heartbeat(%s)", (agent_id,)).fetchone() or {}
                if told["desired_version"] not in (None, VERSION):
                    print(f"{agent_id} is told to upgrade to {told['desired_version']}", flush=True)
                claim = "SELECT * FROM claim_tasks(%s, 1, %s::interval)"
                tasks = connection.execute(claim, (agent_id, LEASE)).fetchall() if told["status"] == "online" else []
                for task in tasks:
                    print(f"{task['task_type']} {task['task_id']}: {handle(connection, agent_id, task)}", flush=True)
                if not tasks:  # woken by the next task that is ready, and by nothing for those that are due later
                    list(connection.notifies(timeout=10, stop_after=1))
        except KeyboardInterrupt:
            connection.close()  # with whatever was under way on it
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as last:
                last.execute("SELECT deregister_agent(%s)", (agent_id,))


if __name__ == "__main__":
    main(sys.argv[1])
