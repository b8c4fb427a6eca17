"""A worker that may be killed at any moment: it claims, works, and completes, until it is.

test_crashes.py runs it in processes of its own. An effect that is to happen once a task is a row of `effects`.
"""

import time
from random import Random
from typing import Any

import psycopg

from tests.schema.ecosystem.conftest import connect

NOT_HELD = "AE103"
LONGEST_BATCH = 20
LONGEST_WORK = 0.02
"""Seconds that a batch takes at most, besides the database."""


def work(url: str, agent_id: str, seconds: float) -> None:
    """Work as `agent_id` for so many seconds at most. What others have taken meanwhile has no effect of this worker."""
    random = Random(agent_id)  # noqa: S311 - the same worker makes the same batches
    until = time.monotonic() + seconds
    with connect(url, autocommit=True, application_name=agent_id) as session:
        session.execute("LISTEN distributed_tasks")
        session.execute("SELECT register_agent(%s, 'executor', '1.8.3')", (agent_id,))
        while time.monotonic() < until:
            claim = "SELECT task_id, fencing_token FROM claim_tasks(%s, %s)"
            held = session.execute(claim, (agent_id, random.randint(1, LONGEST_BATCH))).fetchall()
            if not held:
                list(session.notifies(timeout=0.2, stop_after=1))
                continue
            time.sleep(random.random() * LONGEST_WORK)  # the work itself
            ids, tokens = map(list, zip(*held, strict=True))
            if not complete(session, agent_id, ids, tokens):  # one was lost: the others are this worker's still
                for task, token in zip(ids, tokens, strict=True):
                    complete(session, agent_id, [task], [token])


def complete(session: "psycopg.Connection[Any]", agent_id: str, ids: list[Any], tokens: list[int]) -> bool:
    """Complete these tasks together with their effects; say whether all of them were held still: else none is done."""
    try:
        with session.transaction():
            session.execute("SELECT complete_tasks(%s, %s, %s)", (agent_id, ids, tokens))
            session.execute("INSERT INTO effects SELECT unnest(%s::uuid[]), %s", (ids, agent_id))
    except psycopg.Error as error:
        if error.sqlstate != NOT_HELD:
            raise
        return False
    return True
