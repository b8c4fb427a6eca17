"""Other engines that compare two PostgreSQL schemas, each installed into a folder of the benchmark's own.

A peer gets the desired state as a database that is already filled; our own engine reads files.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PG_DELTA = "@supabase/pg-delta@1.0.0-alpha.34"
MIGRA = ("migra==3.0.1663481299", "psycopg2-binary==2.9.11", "sqlalchemy==1.4.54", "setuptools==80.9.0")


@dataclass(frozen=True)
class Peer:
    """An engine: the command that compares a live with a desired database, and what it leaves out."""

    name: str
    command: tuple[str, ...]
    sees: str

    def compare(self, live: str, desired: str) -> list[str]:
        """Return the command line for two connection strings."""
        return [part.format(live=live, desired=desired) for part in self.command]


def installed(folder: Path) -> list[Peer]:
    """Install what can be had below `folder`, and say on standard error what can not."""
    return [peer for peer in (_pg_delta(folder), _migra(folder)) if peer]


def _pg_delta(folder: Path) -> Peer | None:
    home = folder / "pg-delta"
    program = home / "node_modules" / ".bin" / "pgdelta"
    if not program.exists():
        if shutil.which("npm") is None or shutil.which("node") is None:
            _say_absent("pg-delta", "npm and node are not installed")
            return None
        home.mkdir(parents=True, exist_ok=True)
        if not _run(["npm", "install", "--silent", "--prefix", str(home), PG_DELTA]):
            _say_absent("pg-delta", "npm could not install it")
            return None
    command = (str(program), "plan", "--source", "{live}", "--desired", "{desired}")
    return Peer(PG_DELTA.rpartition("@")[0] + " " + PG_DELTA.rpartition("@")[2], command, "as much")


def _migra(folder: Path) -> Peer | None:
    home = folder / "migra"
    program = home / "bin" / "migra"
    made = program.exists() or _run([sys.executable, "-m", "venv", str(home)])
    if not made or not (program.exists() or _run([str(home / "bin/pip"), "install", *MIGRA])):
        _say_absent("migra", "pip could not install it")
        return None
    command = (str(program), "--unsafe", "--schema", "public", "{live}", "{desired}")
    return Peer(MIGRA[0].replace("==", " "), command, "no comments, owners or policies' details")


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _say_absent(name: str, reason: str) -> None:
    print(f"{name} is left out: {reason}", file=sys.stderr)
