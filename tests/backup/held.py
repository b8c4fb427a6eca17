"""PostgreSQL's programs, stopped where a test wants a run of the job to stand still."""

import contextlib
import subprocess
import time
from collections.abc import Callable

import psutil


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
