"""Workers that are killed, leases that lapse under others: every task is done, once, after what it depends on."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from random import Random

import psycopg
import pytest

from tests.full_run import FULL
from tests.schema.ecosystem.conftest import Ecosystem, refused
from tests.schema.ecosystem.crash_worker import work
from tests.schema.ecosystem.tasks import Service, as_batch, one
from tests.waiting import wait_until

pytestmark = pytest.mark.server

WORKERS = 16
LAYERS = 10
TASKS = int(os.environ.get("CRASH_TASKS", "100000" if FULL else "2000"))
CRASHES = 100 if FULL else 20
SEED = int(os.environ.get("CRASH_SEED", "20261128"))
PATIENCE = 1800 if FULL else 120
"""Seconds after which a run has failed."""

LAST_TO_FIRST = """
    SELECT count(*)
    FROM distributed_tasks AS task
    CROSS JOIN LATERAL unnest(task.depends_on) AS need
    INNER JOIN distributed_tasks AS earlier ON need = earlier.task_id
    WHERE least(task.leased_at, (task.attempt_history -> 0 ->> 'leased_at')::timestamptz) < earlier.finished_at
"""
OVERLAPPING = """
    SELECT count(*)
    FROM (
        SELECT
            attempt.leased_at < lag(attempt.ended_at) OVER one_task AS early
        FROM distributed_tasks AS task
        CROSS JOIN LATERAL task_attempts(task.task_id) AS attempt
        WHERE task.attempt_history <> '[]'
        WINDOW one_task AS (PARTITION BY task.task_id ORDER BY attempt.leased_at)
    ) AS attempts
    WHERE attempts.early
"""

SESSION_OF = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
STILL_THEIRS = """
    SELECT count(*)
    FROM distributed_tasks
    WHERE task_id = ANY (%s) AND status = 'leased' AND lease_expires_at < now()
"""


class Workers:
    """The processes, each an agent; whoever is killed has a successor under another name."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["tests.schema.ecosystem.crash_worker"])
        self._running: dict[str, ForkServerProcess] = {}
        self._serial = 0

    def start(self) -> None:
        self._serial += 1
        name = f"w{self._serial}"
        self._running[name] = self._context.Process(target=work, args=(self._url, name, PATIENCE), daemon=True)
        self._running[name].start()

    def kill(self, random: Random) -> str:
        """End one as kill -9 does, and start another; return its agent_id."""
        name = random.choice(sorted(self._running))
        self._end(name)
        self.start()
        return name

    def dead(self) -> list[str]:
        return [name for name, process in self._running.items() if not process.is_alive()]

    def _end(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.join()

    def end(self) -> None:
        for name in list(self._running):
            self._end(name)


@contextmanager
def workers(url: str) -> Iterator[Workers]:
    found = Workers(url)
    try:
        for _ in range(WORKERS):
            found.start()
        yield found
    finally:
        found.end()


def enqueue_layers(service: Service, random: Random) -> None:
    """Layers of tasks, each task waiting for up to three of the layer before it."""
    before: list[uuid.UUID] = []
    for _ in range(LAYERS):
        layer = [uuid.UUID(int=random.getrandbits(128)) for _ in range(TASKS // LAYERS)]
        batch = [
            {
                "task_id": task,
                "max_attempts": 1000,
                "depends_on": random.sample(before, random.randint(0, 3)) if before else [],
            }
            for task in layer
        ]
        service.execute("SELECT count(*) FROM enqueue_tasks(%s)", (as_batch(batch),))
        before = layer


def wait_until_gone(admin: Service, agent_id: str) -> None:
    """The server's process of one killed may take or hold tasks still: what it has is what it has at its end."""
    wait_until(lambda: not one(admin, SESSION_OF, agent_id), f"the session of {agent_id} ends", PATIENCE)


def take_from_its_holder(service: Service, agent_id: str | None = None) -> None:
    """Let what an agent holds lapse, or one task of any; what is tried with the old token then is refused."""
    held = service.execute(
        """
        UPDATE distributed_tasks SET lease_expires_at = now() - interval '1 second'
        WHERE task_id = ANY (ARRAY(
            SELECT task_id FROM distributed_tasks
            WHERE status = 'leased' AND (assigned_to_agent_id = %s OR %s)
            ORDER BY leased_at
            LIMIT CASE WHEN %s THEN 1 END
            FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING assigned_to_agent_id, task_id, fencing_token
        """,
        (agent_id, agent_id is None, agent_id is None),
    ).fetchall()
    ids = [task for _, task, _ in held]

    def lapsed() -> bool:
        service.execute("SELECT reclaim_expired()")
        return not one(service, STILL_THEIRS, ids)

    # Their holder may be completing them together with what it has lost.
    wait_until(lapsed, "tasks whose lease has expired leave their holder", PATIENCE)
    for holder, task, token in held:
        with refused("AE103", str(task)):
            service.execute("SELECT complete_task(%s, %s, %s)", (holder, task, token))


def test_every_task_is_done_once_whoever_is_killed(ecosystem: Ecosystem, service: Service) -> None:
    random = Random(SEED)  # noqa: S311 - the seed is recorded on purpose
    with ecosystem.admin() as admin:
        admin.execute("CREATE TABLE effects (task_id uuid, agent_id text)")
        admin.execute("GRANT INSERT, SELECT ON effects TO service_role")
    enqueue_layers(service, random)
    deadline = time.monotonic() + PATIENCE
    service.execute("LISTEN distributed_tasks")
    crashes = 0
    with workers(ecosystem.login("service_role")[1]) as running, ecosystem.admin() as admin:
        while done(service) < TASKS:
            assert time.monotonic() < deadline, f"{TASKS - done(service)} tasks are never done"
            assert running.dead() == [], "a worker ended by itself"
            if crashes * TASKS < done(service) * CRASHES:
                killed = running.kill(random)
                wait_until_gone(admin, killed)
                take_from_its_holder(service, killed)
                take_from_its_holder(service)
                crashes += 1
            list(service.notifies(timeout=0.05, stop_after=1))
    assert crashes > 1
    check(service)


def done(service: Service) -> int:
    return int(one(service, "SELECT count(*) FROM distributed_tasks WHERE finished_at IS NOT NULL"))


def check(service: psycopg.Connection[tuple[object, ...]]) -> None:
    assert service.execute("SELECT status::text, count(*) FROM distributed_tasks GROUP BY 1").fetchall() == [
        ("succeeded", TASKS)
    ]
    assert service.execute("SELECT count(*), count(DISTINCT task_id) FROM effects").fetchall() == [(TASKS, TASKS)]
    assert (
        one(
            service,
            "SELECT count(*) FROM effects JOIN distributed_tasks USING (task_id) "
            "WHERE agent_id <> assigned_to_agent_id",
        )
        == 0
    )
    assert one(service, "SELECT count(*) FROM distributed_tasks WHERE attempt_history <> '[]'") > 0
    assert one(service, LAST_TO_FIRST) == 0
    assert one(service, OVERLAPPING) == 0
