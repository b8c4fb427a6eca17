"""Heartbeats, logs, pickup and growth: what agents do besides draining a queue."""

import json
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg.types.json import Jsonb

from tests.bench.agents_database import WORKERS, Place, Spent, fill

AGENTS = 10_000


def register_many(where: Place) -> None:
    """Register the agents whose heartbeats are measured, and copy their rows into a table without anything else."""
    where.admin(
        "SELECT count(*) FROM (SELECT register_agent('beating-' || n, 'executor', '1.8.3', "
        f"capabilities => ARRAY['a', 'b']) FROM generate_series(1, {AGENTS}) AS n) AS made"
    )
    where.admin("CREATE TABLE bare_registry WITH (fillfactor = 50) AS SELECT * FROM agent_registry")
    where.admin("ALTER TABLE bare_registry ADD PRIMARY KEY (agent_id)")
    where.admin("GRANT SELECT, UPDATE ON bare_registry TO service_role")
    where.admin("VACUUM FULL agent_registry")
    where.admin("VACUUM ANALYZE")


def beats(where: Place, statement: str, number: int) -> Spent:
    """Send `number` heartbeats over all connections, each a statement and a transaction of its own."""
    urls = [where.living.login("service_role")[1] for _ in range(WORKERS)]
    sessions = [psycopg.connect(url, autocommit=True) for url in urls]
    try:
        for session in sessions:
            session.execute("SET synchronous_commit = off")

        def beat(at: int) -> None:
            for n in range(number // WORKERS):
                sessions[at].execute(statement.encode(), (f"beating-{1 + (at * 1237 + n * 8 + at) % AGENTS}",))

        def run(begins: Callable[[], None]) -> float:
            begins()
            began = time.monotonic()
            with ThreadPoolExecutor(WORKERS) as threads:
                list(threads.map(beat, range(WORKERS)))
            return time.monotonic() - began

        return where.measure(run)
    finally:
        for session in sessions:
            session.close()


HEARTBEAT = "SELECT heartbeat(%s)"
BARE_BEAT = "UPDATE bare_registry SET last_heartbeat_at = clock_timestamp() WHERE agent_id = %s"


def hot_share(where: Place, table: str) -> tuple[int, int]:
    """Return updates of a table so far, and how many of them were HOT."""
    row = where.admin("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", table)[0]
    return int(row[0]), int(row[1])


def size(where: Place, table: str) -> int:
    return int(where.admin("SELECT pg_table_size(%s::regclass)", table)[0][0])


def logged(where: Place, rows: int, batch: int) -> Spent:
    """Log rows as an agent, in batches."""
    with psycopg.connect(where.workers[0], autocommit=True) as session:
        message = {
            "from_agent_id": session.info.user,
            "to_agent_id": "beating-1",
            "protocol": "pg_notify",
            "message_type": "note",
            "payload": {"text": "x" * 100},
        }
        messages = Jsonb([message] * batch)

        def run(begins: Callable[[], None]) -> float:
            begins()
            began = time.monotonic()
            for _ in range(rows // batch):
                session.execute("SELECT count(*) FROM log_messages(%s)", (messages,))
            return time.monotonic() - began

        return where.measure(run)


def copied(where: Place, rows: int, batch: int) -> Spent:
    """Copy the same rows into the same table, as its owner's superuser may."""
    payload = json.dumps({"text": "x" * 100})
    into = "COPY agent_communication_logs (from_agent_id, to_agent_id, protocol, message_type, payload) FROM STDIN"
    with where.living.admin() as session:

        def run(begins: Callable[[], None]) -> float:
            begins()
            began = time.monotonic()
            for _ in range(rows // batch):
                with session.cursor().copy(into) as copy:
                    for _ in range(batch):
                        copy.write_row(("beating-2", "beating-1", "pg_notify", "note", payload))
            return time.monotonic() - began

        return where.measure(run)


def pickup(where: Place, count: int) -> list[float]:
    """Enqueue one task at a time for one agent that waits; return the milliseconds until each was its."""
    fill(where, "this database", 1)
    where.admin("TRUNCATE distributed_tasks")
    waits: list[float] = []
    ready = threading.Event()

    def work() -> None:
        with psycopg.connect(where.workers[0], autocommit=True) as session:
            agent = session.info.user
            session.execute("LISTEN distributed_tasks")
            ready.set()
            while len(waits) < count:
                claim = "SELECT task_id, fencing_token, payload FROM claim_tasks(%s)"
                for task, token, payload in session.execute(claim, (agent,)).fetchall():
                    waits.append(1000 * (time.monotonic() - payload["sent"]))
                    session.execute("SELECT complete_task(%s, %s, %s)", (agent, task, token))
                if len(waits) < count:
                    list(session.notifies(timeout=1, stop_after=1))

    worker = threading.Thread(target=work)
    worker.start()
    ready.wait()
    with psycopg.connect(where.workers[1], autocommit=True) as session:
        time.sleep(1)
        for _ in range(count):
            session.execute("SELECT enqueue_task('noop', %s)", (Jsonb({"sent": time.monotonic()}),))
            time.sleep(0.03)
    worker.join()
    return waits


def claims_behind(where: Place, finished: int) -> tuple[float, float]:
    """Return buffers and milliseconds of a claim of 50 with so many finished tasks in the table, medians of 20."""
    fill(where, "this database", 2000)
    where.admin(
        "INSERT INTO distributed_tasks (task_type, status, required_agent_class, assigned_to_agent_id, leased_at, "
        "finished_at, attempt) SELECT 'noop', 'succeeded', 'executor', 'beating-1', now(), now(), 1 "
        "FROM generate_series(1, %s)",
        finished,
    )
    where.admin("VACUUM ANALYZE distributed_tasks")
    buffers, times = [], []
    with psycopg.connect(where.workers[0], autocommit=True) as session:
        explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM claim_tasks(%s, 50)"
        for _ in range(24):
            row = session.execute(explain, (session.info.user,)).fetchone()
            assert row
            plan = row[0][0]
            buffers.append(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
            times.append(plan["Execution Time"])
    return statistics.median(buffers[4:]), statistics.median(times[4:])
