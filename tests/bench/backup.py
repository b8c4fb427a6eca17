"""`make bench-backup`: one backup of 1 GB and of 5 GB, beside what people do by hand, and its restore.

Whole commands are timed, in turns; the parts that a backup reports in its manifest are named below each table. The
server and the object store are the benchmark's own, both durable, on this machine: they share its processors with what
is measured. SIZES (GB of database) and ROUNDS change a run.
"""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from infra.backup_job import catalog  # noqa: E402 - found only now
from infra.backup_job.names import Names  # noqa: E402
from infra.backup_job.settings import load  # noqa: E402
from infra.backup_job.store import ObjectStore as JobStore  # noqa: E402
from infra.embedded.object_store import ObjectStore  # noqa: E402
from tests.bench import rows  # noqa: E402
from tests.bench.server import BenchServer, durable_server, machine  # noqa: E402

SIZES = [float(size) for size in os.environ.get("SIZES", "1 5").split()]
ROUNDS = int(os.environ.get("ROUNDS", "3"))
BUCKET = "bench-backup"
DATABASE = "bench"


@dataclass(frozen=True)
class Place:
    """A server with one filled database, a store with a bucket, and the job's settings for both."""

    server: BenchServer
    store: dict[str, str]
    settings: Path

    def program(self, name: str) -> str:
        return str(self.server.cluster.distribution.program(name))

    def environment(self) -> dict[str, str]:
        return {**self.server.cluster.distribution.environment(), "BACKUP_CONFIG": str(self.settings)}


@dataclass(frozen=True)
class Run:
    """One command: its seconds, the most memory its processes held at once (bytes), its output."""

    seconds: float
    memory: int
    output: str


def measure(command: str, environment: dict[str, str]) -> Run:
    """Run a shell command to its end; whatever of it fails ends the benchmark."""
    began = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-ceuo", "pipefail", command],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    most = 0

    def watch() -> None:
        nonlocal most
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        sys.exit(f"{command[:80]} … ended with {process.returncode}:\n{errors[-2000:]}")
    return Run(seconds, most, output)


def held(pid: int) -> int:
    """Return the memory of a process and its children, pages they share counted once."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with_shares = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += int(re.findall(r"^Pss:\s+(\d+) kB", with_shares, re.MULTILINE)[0]) * 1024
    except (psutil.Error, OSError, IndexError):
        return total  # it ended meanwhile
    return total


@contextmanager
def place() -> Iterator[Place]:
    """Start server and store, and stop them."""
    with durable_server(max_wal_size="4GB", maintenance_work_mem="128MB") as server:
        store = ObjectStore(server.folder / "store")
        try:
            administrator = store.init()
            access = {
                "endpoint": f"http://127.0.0.1:{store.start().s3}",
                "access": administrator.access_key,
                "secret": administrator.secret_key,
            }
            client(access).create_bucket(Bucket=BUCKET)
            distribution = server.cluster.distribution
            settings = server.folder / "job.json"
            settings.touch(mode=0o600)
            values = {
                "stack": "bench",
                "database_url": server.url(DATABASE),
                "restore_url": server.url("postgres"),
                "s3_endpoint": access["endpoint"],
                "s3_bucket": BUCKET,
                "s3_access_key": access["access"],
                "s3_secret_key": access["secret"],
                "pg_bin": str(distribution.root / "bin"),
                "pg_environment": {"LD_LIBRARY_PATH": distribution.environment()["LD_LIBRARY_PATH"]},
            }
            settings.write_text(json.dumps(values))
            yield Place(server, access, settings)
        finally:
            store.remove()


def client(access: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=access["access"],
        aws_secret_access_key=access["secret"],
    )


def boto_upload(key: str, source: str) -> str:
    """Return a shell command that uploads a file, or standard input (`-`), as boto3 does by itself."""
    code = (
        "import json, os, sys, boto3; a = json.loads(os.environ['STORE']); "
        "c = boto3.client('s3', endpoint_url=a['endpoint'], region_name='us-east-1', "
        "aws_access_key_id=a['access'], aws_secret_access_key=a['secret']); "
        f"c.upload_fileobj(sys.stdin.buffer if '{source}' == '-' else open('{source}', 'rb'), '{BUCKET}', '{key}')"
    )
    return f'{sys.executable} -c "{code}"'


def backups(where: Place) -> dict[str, Callable[[], Run]]:
    """Return each way to back up, by name; the first is the ceiling."""
    url, pg_dump = where.server.url(DATABASE), where.program("pg_dump")
    environment = {**where.environment(), "STORE": json.dumps(where.store)}
    local = where.server.folder / "local.dump"
    ways = {
        "`pg_dump -Fp` to /dev/null": f"{pg_dump} -Fp -d {url} > /dev/null",
        "this job": f"{sys.executable} -m infra.backup_job run",
        "`pg_dump -Fc` to a file, then upload": (
            f"{pg_dump} -Fc -f {local} -d {url} && {boto_upload('file', str(local))}"
        ),
    }
    if shutil.which("zstd"):
        ways["`pg_dump -Fc -Z0`, `zstd -1 -T2`, upload of the stream"] = (
            f"{pg_dump} -Fc -Z0 -d {url} | zstd -q -1 -T2 --check -c | {boto_upload('stream', '-')}"
        )
    return {name: lambda command=command: measure(command, environment) for name, command in ways.items()}  # type: ignore[misc]


def restores(where: Place) -> dict[str, Callable[[], Run]]:
    """Return each way to restore, by name; the first is what ours is held against."""
    local = where.server.folder / "local.dump"
    pg_restore = where.program("pg_restore")

    def by_hand(jobs: int) -> Run:
        url = where.server.new("by_hand")
        return measure(f"{pg_restore} -j{jobs} -d {url} {local}", where.environment())

    def ours() -> Run:
        run = measure(f"{sys.executable} -m infra.backup_job restore", where.environment())
        drop(where, r"bench_restored_\w+")
        return run

    return {
        "`pg_restore -j2` of a local file": lambda: by_hand(2),
        "this job, from the store, compared": ours,
        "`pg_restore -j1` of a local file": lambda: by_hand(1),
    }


def drop(where: Place, pattern: str) -> None:
    """Drop the databases whose name matches."""
    with psycopg.connect(where.server.url("postgres"), autocommit=True) as admin:
        for (name,) in admin.execute("SELECT datname FROM pg_database").fetchall():
            if re.fullmatch(pattern, name):
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def in_turns(ways: dict[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(way())
            print(f"round {number + 1}: {name}: {found[name][-1].seconds:.1f} s", file=sys.stderr)
    return found


def manifest_seconds(where: Place) -> dict[str, float]:
    """Return what the latest backup says that its parts took, and its bytes."""
    settings = load(where.settings, {})
    manifest = catalog.find(JobStore(settings), Names(settings.prefix), "latest")
    return {**manifest.seconds, "stored": manifest.data.size, "dumped": manifest.dump_size}


def table(title: str, found: dict[str, list[Run]]) -> None:
    print(f"\n| {title} | median s | best s | ratio | peak MB |\n| --- | --- | --- | --- | --- |")
    base = statistics.median(run.seconds for run in next(iter(found.values())))
    for name, runs in found.items():
        median = statistics.median(run.seconds for run in runs)
        best, memory = min(run.seconds for run in runs), max(run.memory for run in runs)
        print(f"| {name} | {median:.1f} | {best:.1f} | {median / base:.2f} | {memory / 1e6:.0f} |")


def main() -> int:
    """Measure each size and print it."""
    with place() as where:
        where.server.new(DATABASE)
        with psycopg.connect(where.server.url(DATABASE), autocommit=True) as connection:
            connection.execute(rows.TABLES.encode())
        version = where.server.cluster.distribution.root.name
        print(
            f"`make bench-backup`, {time.strftime('%Y-%m-%d')}: {machine()}; PostgreSQL {version} and SeaweedFS, "
            f"durable, on the same machine; Python {platform.python_version()}; {ROUNDS} rounds in turns."
        )
        for size in SIZES:
            bytes_held = rows.fill(where.server.url(DATABASE), size)
            parts: list[dict[str, float]] = []
            ways = backups(where)
            ours = ways["this job"]

            def noted(ours: Callable[[], Run] = ours, parts: list[dict[str, float]] = parts) -> Run:
                run = ours()
                parts.append(manifest_seconds(where))
                return run

            taken = in_turns({**ways, "this job": noted})
            back = in_turns(restores(where))
            table(f"Backup of a database of {bytes_held / rows.GB:.1f} GB", taken)
            named = ", ".join(
                f"{name} {statistics.median(part[name] for part in parts):.1f}"
                for name in parts[0]
                if name not in ("stored", "dumped")
            )
            print(
                f"\nThis job's parts, medians in s: {named}; {parts[-1]['dumped'] / rows.GB:.2f} GB dumped, "
                f"{parts[-1]['stored'] / rows.GB:.2f} GB stored."
            )
            table(f"Restore of the same {bytes_held / rows.GB:.1f} GB", back)
    return 0


if __name__ == "__main__":
    sys.exit(main())
