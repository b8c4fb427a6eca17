"""Many sessions at once: no task twice, none lost, no deadlock."""

import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect

pytestmark = pytest.mark.server

WORKERS = 6
TASKS = 600


def unfinished(connection: psycopg.Connection[TupleRow]) -> int:
    row = connection.execute("SELECT count(*) FROM distributed_tasks WHERE finished_at IS NULL").fetchone()
    assert row is not None
    return int(row[0])


def test_no_task_is_handed_out_twice(ecosystem: Ecosystem, service: psycopg.Connection[TupleRow]) -> None:
    """Three layers of tasks, each task waiting for up to three of the layer before it, and workers racing for them."""
    layers = [[str(uuid.uuid4()) for _ in range(TASKS // 3)] for _ in range(3)]
    batch = [
        {"task_type": "noop", "task_id": task, "depends_on": layers[depth - 1][at : at + 3] if depth else []}
        for depth, layer in enumerate(layers)
        for at, task in enumerate(layer)
    ]
    service.execute("SELECT enqueue_tasks(%s)", (Jsonb(batch),))
    logins = [ecosystem.login("agent")[1] for _ in range(WORKERS)]
    start = threading.Barrier(WORKERS)

    def work(number: int) -> list[str]:
        done: list[str] = []
        name = f"w{number}"
        with connect(logins[number], autocommit=True) as agent, ecosystem.owner() as owner:
            agent.execute("SELECT register_agent(%s, 'executor', '1.8.3')", (name,))
            start.wait(30)
            deadline = time.monotonic() + 60
            while unfinished(owner):
                assert time.monotonic() < deadline, f"{unfinished(owner)} tasks are never handed out"
                held = agent.execute("SELECT task_id, fencing_token FROM claim_tasks(%s, 7)", (name,)).fetchall()
                if held:
                    ids, tokens = zip(*held, strict=True)
                    agent.execute("SELECT complete_tasks(%s, %s, %s)", (name, list(ids), list(tokens)))
                    done += map(str, ids)
        return done

    with ThreadPoolExecutor(WORKERS) as threads:
        done = [task for part in threads.map(work, range(WORKERS)) for task in part]
    assert len(done) == len(set(done)) == TASKS
    assert service.execute("SELECT status, max(attempt), count(*) FROM distributed_tasks GROUP BY 1").fetchall() == [
        ("succeeded", 1, TASKS)
    ]
    overtaken = service.execute(
        """
        SELECT count(*)
        FROM distributed_tasks AS task
        CROSS JOIN LATERAL unnest(task.depends_on) AS need (id)
        JOIN distributed_tasks AS earlier ON earlier.task_id = need.id
        WHERE task.leased_at < earlier.finished_at
        """
    ).fetchone()
    assert overtaken == (0,)


def test_a_claim_in_progress_is_skipped(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    register("a")
    register("b")
    service.execute('SELECT enqueue_tasks(\'[{"task_type": "x"}, {"task_type": "x"}]\')')
    with ecosystem.owner() as one, one.transaction():
        first = one.execute("SELECT task_id FROM claim_tasks('a', 1)").fetchall()
        service.execute("SET lock_timeout = '5s'")
        second = service.execute("SELECT task_id FROM claim_tasks('b', 10)").fetchall()
    assert len(first) == len(second) == 1
    assert first != second


def test_a_dependency_completed_while_its_dependant_is_enqueued(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    """The completion waits for the enqueuing transaction, and then wakes the new task."""
    register("a")
    row = service.execute("SELECT enqueue_task('x')").fetchone()
    assert row is not None
    service.execute("SELECT claim_tasks('a')")
    with ThreadPoolExecutor(1) as threads, ecosystem.owner() as enqueuing, ecosystem.owner() as watching:
        with enqueuing.transaction():
            enqueuing.execute("SELECT enqueue_task('y', depends_on => ARRAY[%s])", (row[0],))
            completing = threads.submit(service.execute, "SELECT complete_task('a', %s, 1)", (row[0],))
            wait_for_lock(watching, service.info.backend_pid)
        completing.result(30)
    assert service.execute("SELECT task_type FROM claim_tasks('a')").fetchall() == [("y",)]


def wait_for_lock(watching: psycopg.Connection[TupleRow], pid: int) -> None:
    deadline = time.monotonic() + 30
    while watching.execute("SELECT pg_blocking_pids(%s) <> '{}'", (pid,)).fetchone() != (True,):
        assert time.monotonic() < deadline, "nobody waits for the lock"


def test_one_idempotency_key_from_many_sessions(ecosystem: Ecosystem, service: psycopg.Connection[TupleRow]) -> None:
    start = threading.Barrier(WORKERS)

    def enqueue(_: int) -> uuid.UUID:
        with ecosystem.owner() as connection:
            start.wait(30)
            row = connection.execute("SELECT enqueue_task('x', idempotency_key => 'k')").fetchone()
            assert row is not None
            found: uuid.UUID = row[0]
            return found

    with ThreadPoolExecutor(WORKERS) as threads:
        ids = Counter(threads.map(enqueue, range(WORKERS)))
    assert list(ids.values()) == [WORKERS]
    assert service.execute("SELECT count(*) FROM distributed_tasks").fetchone() == (1,)


def test_batches_of_heartbeats_do_not_deadlock(ecosystem: Ecosystem, register: Register) -> None:
    names = [f"e{number}" for number in range(40)]
    for name in names:
        register(name)

    def beat(number: int) -> None:
        with ecosystem.owner() as connection:
            for _ in range(20):
                connection.execute("SELECT heartbeats(%s)", (names if number % 2 else names[::-1],))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(beat, range(4)))


def test_turns_are_written_in_the_order_of_heartbeats(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    """Both lock a before b, whatever lies first on disk: so neither waits for the other in a ring."""
    register("b")
    register("a")
    turns = Jsonb([{"task_type": "x", "delegation_strategy": "round_robin"}] * 2)
    row = "SELECT FROM agent_registry WHERE agent_id = %s FOR UPDATE NOWAIT"
    with ThreadPoolExecutor(1) as threads, ecosystem.owner() as first, ecosystem.owner() as watching:
        with first.transaction():
            first.execute(row, ("b",))
            enqueuing = threads.submit(service.execute, "SELECT enqueue_tasks(%s)", (turns,))
            wait_for_lock(watching, service.info.backend_pid)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                watching.execute(row, ("a",))
        enqueuing.result(30)
