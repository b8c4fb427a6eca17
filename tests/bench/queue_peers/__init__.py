"""Other queues on PostgreSQL, each as its own programs use it, installed into the benchmark's part of the cache.

A peer's program gets URL, mode and COUNT, makes its schema, enqueues COUNT jobs that do nothing, says `ready`, waits
for a line, works with eight workers at once and answers with JSON: {"seconds"} of the drain, or, in the mode `pickup`,
in which it enqueues one job at a time for workers that wait, {"p50", "p99"} in milliseconds from then to the job's
start.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PYTHON = ("pgmq==1.1.4", "pgqueuer==1.6.0", "procrastinate==3.10.0", "asyncpg==0.32.0", "psycopg[binary,pool]==3.3.9")
NODE = ("pg-boss@10.4.2", "graphile-worker@0.17.3")
LEFT_OUT = {
    "River": "its workers are a Go program, which would have to be built for it",
    "DBOS": "it runs workflows, a step of which is several times a task of the others",
}
"""Peers that are not measured, and why."""


@dataclass(frozen=True)
class Peer:
    """A queue with a program of its own: its command line without the arguments, and the modes it knows."""

    name: str
    command: tuple[str, ...]
    modes: tuple[str, ...]

    def run(self, url: str, mode: str, count: int, begins: Callable[[], None]) -> dict[str, float]:
        """Run it; `begins` is called when all is enqueued. Returns its answer."""
        with subprocess.Popen(
            [*self.command, url, mode, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{self.name} does not get ready")
            begins()
            print("begin", file=process.stdin, flush=True)
            answer: dict[str, float] = json.loads(process.stdout.readline())
        return answer


@dataclass(frozen=True)
class Installed:
    """What could be had: peers, the SQL of pgmq if it is among them, and who is left out for which reason."""

    peers: tuple[Peer, ...]
    pgmq: str
    absent: dict[str, str]


def installed(folder: Path) -> Installed:
    """Install below `folder` what can be had."""
    folder.mkdir(parents=True, exist_ok=True)
    absent = dict(LEFT_OUT)
    found: list[Peer] = []
    pgmq = ""
    python = folder / "python" / "bin" / "python"
    if _install(folder / "python.done", python_commands(folder / "python")):
        for name, modes in (("pgqueuer", ("batch", "single", "pickup")), ("procrastinate", ("single", "pickup"))):
            found.append(Peer(name, (str(python), str(HERE / f"{name}_peer.py")), modes))
        (sql,) = folder.glob("python/lib/python*/site-packages/pgmq/sql/pgmq.sql")
        pgmq = sql.read_text()
    else:
        absent |= dict.fromkeys(("pgmq", "pgqueuer", "procrastinate"), "pip could not install it")
    home = folder / "node"
    npm = ["npm", "install", "--silent", "--prefix", str(home), *NODE]
    if shutil.which("npm") and _install(folder / "node.done", [npm]):
        for file in HERE.glob("*.mjs"):
            shutil.copy(file, home / file.name)
        found.append(Peer("pg-boss", ("node", str(home / "pg_boss.mjs")), ("batch", "single")))
        found.append(
            Peer("graphile-worker", ("node", str(home / "graphile_worker.mjs")), ("batch", "single", "pickup"))
        )
    else:
        absent |= dict.fromkeys(("pg-boss", "graphile-worker"), "npm is not there, or could not install it")
    return Installed(tuple(found), pgmq, absent)


def python_commands(home: Path) -> list[list[str]]:
    return [[sys.executable, "-m", "venv", str(home)], [str(home / "bin/pip"), "install", "--quiet", *PYTHON]]


def _install(done: Path, commands: list[list[str]]) -> bool:
    """Run the commands unless they ran to their end before."""
    if done.exists():
        return True
    options: dict[str, Any] = {"env": {**os.environ, "PYTHONWARNINGS": "ignore"}, "capture_output": True}
    if any(subprocess.run(command, check=False, **options).returncode for command in commands):
        return False
    done.touch()
    return True
