"""`make bench-schema`: the schema engine on 7, 100 and 1,000 tables, beside psql and beside its peers.

Whole commands are timed, as a user waits for them, each several times; the medians are printed as Markdown. Parts that
a command reports of itself (its JSON's `timings`) have columns of their own. SIZES, ROUNDS and PEERS=0 change a run.
"""

import json
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from infra.embedded.account import service_account  # noqa: E402 - found only now
from infra.embedded.cache import cache_root  # noqa: E402
from infra.embedded.cluster import Cluster  # noqa: E402
from infra.embedded.distribution import install  # noqa: E402
from infra.embedded.ports import free_port  # noqa: E402
from tests.bench import peers, schemas  # noqa: E402

SIZES = [int(size) for size in os.environ.get("SIZES", "7 100 1000").split()]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
PEERS = os.environ.get("PEERS", "1") != "0"

Timings = dict[str, float]


@dataclass(frozen=True)
class Bench:
    """A server with nothing else to do, and where one size's files lie."""

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

    def run(self, *arguments: str, url: str) -> tuple[float, dict[str, Any]]:
        """Run our command line; return its seconds and its document."""
        command = [
            sys.executable,
            "-m",
            "infra.provider.schema",
            *arguments,
            "--dir",
            str(self.folder / "sql"),
            "--json",
        ]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, "DATABASE_URL": url, "AGENT_ECOSYSTEM_CACHE": str(cache_root())}
        seconds, output = timed(command, environment, codes=(0, 2))
        document: dict[str, Any] = json.loads(output)
        return seconds, document

    def psql(self, url: str, script: Path) -> float:
        """Run psql on a script in one transaction; return its seconds."""
        program = self.cluster.distribution.program("psql")
        command = [str(program), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(script), "-d", url]
        return timed(command, self.cluster.distribution.environment(), codes=(0,))[0]


def timed(command: list[str], environment: dict[str, str], codes: tuple[int, ...]) -> tuple[float, str]:
    """Run a command to its end; return its seconds and its output."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command[:6])} … ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


@contextmanager
def bench() -> Iterator[Bench]:
    """Start a server, durable as a real one, and stop it."""
    account = service_account()
    folder = Path(tempfile.mkdtemp(prefix="ae-bench-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    account.own(folder)
    cluster = Cluster(install(), account, folder / "server")
    (folder / "server").mkdir(mode=0o700)
    account.own(folder / "server")
    try:
        password, port = secrets.token_urlsafe(12), free_port()
        cluster.init(password)
        cluster.start(port, {"max_locks_per_transaction": "1024", "shared_buffers": "256MB"})
        yield Bench(cluster, f"postgresql://postgres:{password}@127.0.0.1:{port}", folder)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def median(measure: Callable[[], float]) -> float:
    """Return the median of ROUNDS measurements."""
    return statistics.median(measure() for _ in range(ROUNDS))


def first_apply(place: Bench, script: Path) -> dict[str, float]:
    """Measure psql and our first apply, in turns; the scratch's and the proof's answers are not remembered."""
    rounds: list[Timings] = []
    for number in range(ROUNDS):
        by_psql = place.psql(place.new("by_psql"), script)
        types = place.folder / "sql" / "types.sql"
        types.write_text(f"-- round {number} {time.time()}\n{schemas.prelude()}")
        whole, document = place.run("apply", url=place.new("live"))
        rounds.append({"psql": by_psql, "whole": whole, **document["timings"]})
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}


def one_column(place: Bench, live: str) -> dict[str, float]:
    """Measure a plan of one added column, its files never read before."""
    extra = place.folder / "sql" / "one_column.sql"
    rounds: list[Timings] = []
    for number in range(ROUNDS):
        extra.write_text(f"-- round {number} {time.time()}\n{schemas.ONE_COLUMN}")
        whole, document = place.run("plan", url=live)
        if [step["object"]["name"] for step in document["steps"]] != ["thing_0001.one_more"]:
            sys.exit(f"not the plan of one column: {document['steps']}")
        rounds.append({"whole": whole, **document["timings"]})
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}


def queries(place: Bench, live: str) -> int:
    """Count the statements that a plan of nothing sends to the server."""
    with psycopg.connect(place.url("postgres"), autocommit=True) as admin:
        admin.execute("ALTER DATABASE live SET log_statement = 'all'")
        before = place.cluster.log.read_text(errors="replace").count("LOG:  statement:")
        before += place.cluster.log.read_text(errors="replace").count("LOG:  execute ")
        place.run("plan", url=live)
        text = place.cluster.log.read_text(errors="replace")
        admin.execute("ALTER DATABASE live RESET log_statement")
    return text.count("LOG:  statement:") + text.count("LOG:  execute ") - before


def against(place: Bench, peer: peers.Peer, live: str, script: Path) -> tuple[float, float]:
    """Measure a peer: nothing to do, and one column."""
    desired = place.new("desired")
    place.psql(desired, script)
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}

    def run() -> float:
        return timed(peer.compare(live, desired), environment, codes=(0, 1, 2, 3))[0]

    nothing = median(run)
    with psycopg.connect(desired, autocommit=True) as connection:
        connection.execute(schemas.ONE_COLUMN.encode())
    return nothing, median(run)


def main() -> int:
    """Measure everything and print it."""
    found = peers.installed(cache_root() / "bench-peers") if PEERS else []
    applied, compared = [], []
    with bench() as server:
        for size in SIZES:
            place = Bench(server.cluster, server.base, server.folder / str(size))
            script = schemas.write(place.folder, size)
            first = first_apply(place, script)
            live = place.url("live")
            nothing = median(lambda: place.run("plan", url=live)[0])  # noqa: B023 - called at once
            asked = queries(place, live)
            column = one_column(place, live)
            (place.folder / "sql" / "one_column.sql").unlink()
            applied.append(
                f"| {size:,} | {first['psql']:.2f} | {first['apply']:.2f} | {first['apply'] / first['psql']:.2f} "
                f"| {first['desired']:.2f} | {first['proof']:.2f} | {first['check']:.2f} | {first['whole']:.2f} |"
            )
            compared.append(
                f"| {size:,} | this engine | {nothing:.2f} | | {column['whole']:.2f} "
                f"(files {column['desired']:.2f}, plan {column['plan']:.2f}, proof {column['proof']:.2f}) | {asked} |"
            )
            for peer in found:
                idle, busy = against(place, peer, live, script)
                compared.append(f"| {size:,} | {peer.name} | {idle:.2f} | {idle / nothing:.1f} | {busy:.2f} | |")
            print(f"{size} tables measured", file=sys.stderr)
        version = server.cluster.distribution.root.name
    _report(applied, compared, version)
    return 0


def _report(applied: list[str], compared: list[str], version: str) -> None:
    print(
        f"`make bench-schema`, {time.strftime('%Y-%m-%d')}: {_processor()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; PostgreSQL {version}, durable, Python {platform.python_version()}; "
        f"medians of {ROUNDS} rounds, in seconds.\n"
    )
    print("| First apply: tables | `psql -1 -f` | live phase | ratio | files read | proof | check | whole command |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(applied))
    print("\n| Plan: tables | engine | nothing to do | times ours | one column | queries |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(compared))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
