"""`make bench-backup`: one backup of 1 GB and of 5 GB, beside what people do by hand, and its restore.

Whole commands are timed, in turns; the parts that a backup reports in its manifest are named below each table. The
server and the object store are the benchmark's own, both durable, on this machine: they share its processors with what
is measured. SIZES (GB of database) and ROUNDS change a run.
"""

import json
import os
import platform
import shutil
import statistics
import sys
import time
from pathlib import Path

import psycopg

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from tests.bench import pgbackrest, rows  # noqa: E402 - found only now
from tests.bench.backup_place import (  # noqa: E402
    BUCKET,
    DATABASE,
    SETTINGS,
    Place,
    manifest_seconds,
    place,
    restored,
    the_job,
)
from tests.bench.commands import Run, Way, in_turns, measure, table  # noqa: E402
from tests.bench.server import durable_server, machine  # noqa: E402

SIZES = [float(size) for size in os.environ.get("SIZES", "1 5").split()]
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def boto_upload(key: str, source: str) -> str:
    """Return a shell command that uploads a file, or standard input (`-`), as boto3 does by itself."""
    code = (
        "import json, os, sys, boto3; a = json.loads(os.environ['STORE']); "
        "c = boto3.client('s3', endpoint_url=a['endpoint'], region_name='us-east-1', "
        "aws_access_key_id=a['access'], aws_secret_access_key=a['secret']); "
        f"c.upload_fileobj(sys.stdin.buffer if '{source}' == '-' else open('{source}', 'rb'), '{BUCKET}', '{key}')"
    )
    return f'{sys.executable} -c "{code}"'


def backups(where: Place) -> dict[str, Way]:
    """Return each way to back up, by name; the first is the ceiling."""
    url, pg_dump = where.server.url(DATABASE), where.program("pg_dump")
    environment = {**where.environment(), "STORE": json.dumps(where.store)}
    local = where.server.folder / "local.dump"
    commands = {
        "`pg_dump -Fp` to /dev/null": f"{pg_dump} -Fp -d {url} > /dev/null",
        "`pg_dump -Fc` to a file, then upload": (
            f"{pg_dump} -Fc -f {local} -d {url} && {boto_upload('file', str(local))}"
        ),
    }
    if shutil.which("zstd"):
        commands["`pg_dump -Fc -Z0`, `zstd -1 -T2`, upload of the stream"] = (
            f"{pg_dump} -Fc -Z0 -d {url} | zstd -q -1 -T2 --check -c | {boto_upload('stream', '-')}"
        )

    def by_hand(command: str) -> Way:
        return lambda: measure(command, environment)

    bare, *others = ((name, by_hand(command)) for name, command in commands.items())
    return dict([bare, ("this job", lambda: the_job(where)), *others])


def restores(where: Place) -> dict[str, Way]:
    """Return each way to restore, by name; the first is what ours is held against."""
    local = where.server.folder / "local.dump"
    pg_restore = where.program("pg_restore")

    def by_hand(jobs: int) -> Run:
        url = where.server.new("by_hand")
        return measure(f"{pg_restore} -j{jobs} -d {url} {local}", where.environment())

    return {
        "`pg_restore -j2` of a local file": lambda: by_hand(2),
        "this job, from the store, compared": lambda: restored(where),
        "`pg_restore -j1` of a local file": lambda: by_hand(1),
    }


def measured(where: Place, size: float) -> None:
    """Measure one size and print it."""
    held = rows.fill(where.server.url(DATABASE), size) / rows.GB
    parts: list[dict[str, float]] = []

    def noted() -> Run:
        run = the_job(where)
        parts.append(manifest_seconds(where))
        return run

    taken = in_turns({**backups(where), "this job": noted}, ROUNDS)
    back = in_turns(restores(where), ROUNDS)
    table(f"Backup of a database of {held:.1f} GB", taken)
    named = ", ".join(
        f"{name} {statistics.median(part[name] for part in parts):.1f}"
        for name in parts[0]
        if name not in ("stored", "dumped")
    )
    print(
        f"\nThis job's parts, medians in s: {named}; {parts[-1]['dumped'] / rows.GB:.2f} GB dumped, "
        f"{parts[-1]['stored'] / rows.GB:.2f} GB stored."
    )
    table(f"Restore of the same {held:.1f} GB", back)


def main() -> int:
    """Measure each size and print it."""
    with place(durable_server(**SETTINGS)) as where:
        with psycopg.connect(where.server.url(DATABASE), autocommit=True) as connection:
            connection.execute(rows.TABLES.encode())
        version = where.server.cluster.distribution.root.name
        print(
            f"`make bench-backup`, {time.strftime('%Y-%m-%d')}: {machine()}; PostgreSQL {version} and SeaweedFS, "
            f"durable, on the same machine; Python {platform.python_version()}; {ROUNDS} rounds in turns."
        )
        for size in SIZES:
            measured(where, size)
    pgbackrest.measured(SIZES[:1], ROUNDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
