"""The agents' database on the benchmark's server, with logins for agents; what the server spends on a measurement."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from tests.bench import sql_queues
from tests.bench.server import BenchServer
from tests.conftest import Server, fresh_database, prepare
from tests.schema.ecosystem.conftest import Ecosystem, apply_schema, apply_seeds, living_in

WORKERS = 8
FILL = """
    SELECT count(*) FROM enqueue_tasks((
        SELECT jsonb_agg(jsonb_build_object('task_type', 'noop', 'required_agent_class', 'executor'))
        FROM generate_series(1, %s)
    ))
"""


@dataclass(frozen=True)
class Spent:
    """What a measurement took: seconds, and the server's processor time in seconds."""

    seconds: float
    cpu: float


class Meter:
    """Counts the processor time of all the server's processes, those that have ended included, from `start` on."""

    def __init__(self, server: BenchServer) -> None:
        pid = int((server.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        self._postmaster = psutil.Process(pid)
        self._before = 0.0

    def start(self) -> None:
        self._before = self._now()

    def spent(self, seconds: float) -> Spent:
        return Spent(seconds, self._now() - self._before)

    def _now(self) -> float:
        # A child that ends between the two readings would be counted twice or not at all: read until none does.
        while True:
            ended = self._ended()
            living = sum(self._of(child) for child in self._postmaster.children())
            if self._ended() == ended:
                return ended + living

    def _ended(self) -> float:
        times = self._postmaster.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)

    @staticmethod
    def _of(process: psutil.Process) -> float:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(times.user + times.system)


@dataclass(frozen=True)
class Place:
    """The server, the database with the schema in it, and the URL of each worker: a login that is one agent."""

    server: BenchServer
    living: Ecosystem
    workers: list[str]
    meter: Meter

    def admin(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self.living.admin() as admin:
            done = admin.execute(statement.encode(), arguments or None)
            return done.fetchall() if done.description else []

    def measure(self, way: Callable[[Callable[[], None]], float]) -> Spent:
        """Measure what takes a function to be called when it begins, and returns its seconds."""
        self.admin("CHECKPOINT")
        return self.meter.spent(way(self.meter.start))


@contextmanager
def place(server: BenchServer, pgmq: str) -> Iterator[Place]:
    """Make the database, its agents and the queues it is compared to; it goes with the block."""
    address = urlsplit(server.base)
    known = Server(server.cluster, int(address.port or 0), str(address.password))
    prepare(known)
    with fresh_database(known) as database, living_in(known, database, "public") as living:
        apply_schema(database.owner_url)
        apply_seeds(database.owner_url)
        logins = [living.login("agent") for _ in range(WORKERS)]
        for name, url in logins:
            with psycopg.connect(url, autocommit=True) as session:
                session.execute("SELECT register_agent(%s, 'executor', '1.8.3')", (name,))
        found = Place(server, living, [url for _, url in logins], Meter(server))
        found.admin("ALTER DATABASE " + database.name + " SET search_path TO public, extensions")
        found.admin(sql_queues.BARE)
        if pgmq:
            found.admin(pgmq)
            found.admin("GRANT USAGE ON SCHEMA pgmq TO agent")
        yield found


def fill(where: Place, name: str, count: int) -> None:
    """Empty a queue of sql_queues.WAYS and put `count` tasks into it."""
    if name == "this database":
        where.admin("TRUNCATE distributed_tasks")
        for begun in range(0, count, 1000):
            where.admin(FILL, min(count - begun, 1000))
    elif name == "bare table":
        where.admin("TRUNCATE bare_queue")
        where.admin("INSERT INTO bare_queue (payload) SELECT '{}' FROM generate_series(1, %s)", count)
    else:
        where.admin("SELECT pgmq.drop_queue('noop') FROM pgmq.meta WHERE queue_name = 'noop'")
        where.admin("SELECT pgmq.create('noop')")
        where.admin("GRANT ALL ON ALL TABLES IN SCHEMA pgmq TO agent")
        where.admin("SELECT pgmq.send_batch('noop', array_agg('{}'::jsonb)) FROM generate_series(1, %s)", count)
    where.admin("VACUUM ANALYZE")


def settled() -> None:
    """Let the machine's other work show in the load, and give the server a moment after a measurement."""
    time.sleep(float(os.environ.get("PAUSE", "0.2")))
