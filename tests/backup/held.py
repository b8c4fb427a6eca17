"""Runs of the job, and servers, that stand still where a test wants them to."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psutil
import psycopg

from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.backup.conftest import Job
    from tests.conftest import Database

GATE = 74_617_465
"""An advisory lock, which holds a run up while a test has it."""


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return what `process` started, and what is still there of it."""
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        return []


def held_dump(process: subprocess.Popen[str], megabytes: int = 1) -> psutil.Process:
    """Stop the pg_dump of the data after so much of it; return it."""
    return held(process, "--format=custom", lambda dump: dump.io_counters().write_chars > megabytes * 1_000_000)


def held_restore(process: subprocess.Popen[str]) -> psutil.Process:
    """Stop the pg_restore into a database after its first megabyte; return it."""
    return held(process, "--single-transaction", lambda restore: restore.io_counters().read_chars > 1_000_000)


def held(process: subprocess.Popen[str], argument: str, far_enough: Callable[[psutil.Process], bool]) -> psutil.Process:
    """Stop the child that has this argument as soon as it is far enough; return it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for child in children(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                if argument in child.cmdline():
                    child.suspend()
                    if far_enough(child):
                        return child
                    child.resume()
    raise AssertionError(f"no child with {argument} was seen: {process.communicate()}")


@contextlib.contextmanager
def held_before_the_dump(job: "Job", database: "Database") -> Iterator[int]:
    """Hold a run up that has its snapshot, and has not started the pg_dump of the data; give its server process."""
    job.set(checks={"gate": f"SELECT true AS ok, '' AS message FROM pg_catalog.pg_advisory_xact_lock_shared({GATE})"})
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SELECT pg_advisory_xact_lock(%s)", [GATE])
        job.start("run")
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
        wait_until(lambda: admin.execute(query, [GATE]).fetchone(), "the run waits in its snapshot")
        yield admin.execute(query, [GATE]).fetchall()[0][0]


@contextlib.contextmanager
def frozen(number: int | None) -> Iterator[None]:
    """Stop a server, with all that it started, while the block lasts: its system still takes connections for it."""
    server = psutil.Process(number)
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()
