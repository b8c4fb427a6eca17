"""What the benchmarks share: a server of their own with durable settings, whole commands timed, the machine's name."""

import math
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.embedded.account import service_account
from infra.embedded.cluster import Cluster
from infra.embedded.distribution import Distribution, install
from infra.embedded.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
BUILTIN_LOCALES = 17
"""The first version with a locale provider of its own."""


@dataclass(frozen=True)
class BenchServer:
    """A server with nothing else to do, and a folder for the benchmark's files."""

    cluster: Cluster
    base: str
    folder: Path

    def url(self, database: str) -> str:
        return f"{self.base}/{database}"

    def new(self, database: str) -> str:
        """Make an empty database and return its connection string."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
            admin.execute(f"CREATE DATABASE {database}".encode())
        return self.url(database)


class OlderCluster(Cluster):
    """A cluster of a version before 17, which has no built-in locales."""

    def init(self, password: str) -> None:
        word = self.folder / "password"
        word.write_text(password)
        self.account.own(word)
        options = [f"--pwfile={word}", "--username=postgres", "--auth=scram-sha-256", "--locale=C.UTF-8"]
        self._run("initdb", f"--pgdata={self.data}", *options)
        word.unlink()
        (self.folder / "initialised").touch()


@contextmanager
def durable_server(distribution: Distribution | None = None, /, **settings: str) -> Iterator[BenchServer]:
    """Start a server, the embedded one's unless another is given, durable as a real one, and stop it."""
    account = service_account()
    folder = Path(tempfile.mkdtemp(prefix="ae-bench-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    account.own(folder)
    distribution = distribution or install()
    kind = Cluster if distribution.major >= BUILTIN_LOCALES else OlderCluster
    cluster = kind(distribution, account, folder / "server")
    (folder / "server").mkdir(mode=0o700)
    account.own(folder / "server")
    try:
        password, port = secrets.token_urlsafe(12), free_port()
        cluster.init(password)
        cluster.start(port, {"shared_buffers": "256MB", **settings})
        yield BenchServer(cluster, f"postgresql://postgres:{password}@127.0.0.1:{port}", folder)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def timed(
    command: list[str], environment: dict[str, str], codes: tuple[int, ...], patience: float | None = None
) -> tuple[float, str]:
    """Run a command to its end; return its seconds and its output; endless and nothing beyond `patience` seconds."""
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return math.inf, ""
    seconds = time.perf_counter() - began
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command[:6])} … ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def machine() -> str:
    """Say what this ran on, and how busy it was."""
    return f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.processor() or platform.machine()
