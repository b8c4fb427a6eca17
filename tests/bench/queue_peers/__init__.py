"""Other queues on PostgreSQL, each as its own programs use it, installed into the benchmark's part of the cache.

A peer's program gets URL, mode and COUNT, makes its schema, enqueues COUNT jobs that do nothing, says `ready`, waits
for a line, works with eight workers at once and answers with JSON: {"seconds"} of the drain, or, in the mode `pickup`,
in which it enqueues one job at a time for workers that wait, {"p50", "p99"} in milliseconds from then to the job's
start.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap.failure import SetupError
from tools.bootstrap.go_toolchain import find_go, go_environment, required_version

HERE = Path(__file__).parent
PYTHON = (
    "pgmq==1.1.4",
    "pgqueuer==1.6.0",
    "procrastinate==3.10.0",
    "dbos==3.4.0",
    "asyncpg==0.32.0",
    "psycopg[binary,pool]==3.3.9",
)
NODE = ("pg-boss@10.4.2", "graphile-worker@0.17.3")
EVERY_MODE = ("batch", "single", "pickup")
RIVER = HERE / "river"
VERSIONS = (*PYTHON[:4], *NODE, *re.findall(r"riverqueue/(river v\S+)", (RIVER / "go.mod").read_text()))
"""What is measured, as their packages name it."""


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
    found: list[Peer] = []
    absent: dict[str, str] = {}
    for install in (_in_python, _in_node, _in_go):
        peers, missing = install(folder)
        found.extend(peers)
        absent |= missing
    sql = [] if "pgmq" in absent else folder.glob("python/lib/python*/site-packages/pgmq/sql/pgmq.sql")
    return Installed(tuple(found), "".join(file.read_text() for file in sql), absent)


def _in_python(folder: Path) -> tuple[list[Peer], dict[str, str]]:
    home = folder / "python"
    modes = {"pgqueuer": ("batch", "single", "pickup"), "procrastinate": ("single", "pickup"), "dbos": EVERY_MODE}
    if not install(folder / "python.done", python_commands(home)):
        return [], dict.fromkeys(("pgmq", *modes), "pip could not install it")
    python = str(home / "bin" / "python")
    return [Peer(name, (python, str(HERE / f"{name}_peer.py")), known) for name, known in modes.items()], {}


def _in_node(folder: Path) -> tuple[list[Peer], dict[str, str]]:
    home = folder / "node"
    npm = ["npm", "install", "--silent", "--prefix", str(home), *NODE]
    if shutil.which("npm") is None or not install(folder / "node.done", [npm]):
        return [], dict.fromkeys(("pg-boss", "graphile-worker"), "npm is not there, or could not install it")
    for file in HERE.glob("*.mjs"):
        shutil.copy(file, home / file.name)
    return [
        Peer("pg-boss", ("node", str(home / "pg_boss.mjs")), ("batch", "single")),
        Peer("graphile-worker", ("node", str(home / "graphile_worker.mjs")), EVERY_MODE),
    ], {}


def _in_go(folder: Path) -> tuple[list[Peer], dict[str, str]]:
    program = folder / "river_peer"
    try:
        go = find_go(required_version(RIVER), folder / "go")
    except SetupError as error:
        return [], {"River": str(error)}
    build = [str(go), "build", "-mod=readonly", "-o", str(program), "."]
    if not _ran(build, go_environment(go), RIVER):  # quick where it is built: Go knows
        return [], {"River": "Go could not build it"}
    return [Peer("River", (str(program),), EVERY_MODE)], {}


def python_commands(home: Path) -> list[list[str]]:
    return [
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(home / "bin/pip"), "install", "--quiet", *PYTHON],
    ]


def install(done: Path, commands: list[list[str]]) -> bool:
    """Run the commands unless just these ran to their end before."""
    wanted = "\n".join(map(str, commands))
    if done.exists() and done.read_text() == wanted:
        return True
    done.unlink(missing_ok=True)
    if not all(_ran(command, os.environ) for command in commands):
        return False
    done.write_text(wanted)
    return True


def _ran(command: list[str], environment: Mapping[str, str], folder: Path = HERE) -> bool:
    variables = {**environment, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False).returncode == 0
