"""The same agent over Supabase's API: it needs no connection string, and no package but supabase.

    pip install 'supabase>=2,<3'
    SUPABASE_URL=https://….supabase.co SUPABASE_KEY=… python examples/agent_supabase.py executor-1

The key is that of the service role, which may act as every agent; better, a JWT of the role `agent` whose claim
`agent_id` names this one, and no other agent can be touched with it. It asks for work every few seconds; subscribe to
changes of `distributed_tasks` with Realtime to be woken instead.
"""

import os
import sys
import time
from typing import Any

from supabase import Client, PostgrestAPIError, create_client

AGENT_CLASS, VERSION, LEASE = "executor", "1.8.3", "30 seconds"
NOT_HELD = "AE103"
PAUSE = 5
"""Seconds between two questions for work while there is none."""


def call(client: Client, function: str, arguments: dict[str, Any]) -> Any:
    """Call a function of the database; return its result: a list of rows, or one value."""
    return client.rpc(function, arguments).execute().data


def work(client: Client, held: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    """Do the work of one task; every renewal says how far it is and keeps the lease alive."""
    steps = int(payload.get("steps", 3))
    for step in range(1, steps + 1):
        call(client, "renew_lease", {**held, "lease": LEASE, "progress": {"step": step, "of": steps}})
    return {"steps": steps}


def handle(client: Client, agent_id: str, task: dict[str, Any]) -> str:
    """Work on a claimed task and end it; return what became of it."""
    held = {"agent_id": agent_id, "task_id": task["task_id"], "fencing_token": task["fencing_token"]}
    try:
        call(client, "complete_task", {**held, "result": work(client, held, task["payload"])})
    except PostgrestAPIError as error:
        if error.code != NOT_HELD:
            raise
        return "lost: its lease ran out and another agent has it, or it was cancelled"
    except Exception as error:  # noqa: BLE001 - whatever the work raises, the task is tried again, by anyone
        return f"failed, now {call(client, 'fail_task', {**held, 'error': str(error)})}: {error}"
    return "done"


def main(agent_id: str) -> None:
    """Register `agent_id`, and claim, work, complete until interrupted."""
    client = create_client(os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"])
    agent = {"agent_id": agent_id}
    call(client, "register_agent", {**agent, "agent_class": AGENT_CLASS, "version": VERSION})
    try:
        while True:
            (told,) = call(client, "heartbeat", agent)
            claim = {**agent, "max_tasks": 1, "lease": LEASE}
            tasks = call(client, "claim_tasks", claim) if told["status"] == "online" else []
            for task in tasks:
                print(f"{task['task_type']} {task['task_id']}: {handle(client, agent_id, task)}", flush=True)
            if not tasks:
                time.sleep(PAUSE)
    except KeyboardInterrupt:
        call(client, "deregister_agent", agent)


if __name__ == "__main__":
    main(sys.argv[1])
