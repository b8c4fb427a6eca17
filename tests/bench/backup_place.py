"""Where backups are timed: a durable server with one filled database, a store with a bucket, and the job's settings."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg

from infra.backup_job import catalog
from infra.backup_job.names import Names
from infra.backup_job.settings import load
from infra.backup_job.store import ObjectStore as JobStore
from infra.embedded.object_store import ObjectStore
from tests.bench.commands import Run, measure
from tests.bench.server import BenchServer

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


SETTINGS = {"max_wal_size": "4GB", "maintenance_work_mem": "128MB"}
"""Of the server: what people set before they load or restore a lot."""


@contextmanager
def place(durable: AbstractContextManager[BenchServer]) -> Iterator[Place]:
    """Start server and store, with an empty database, and stop them."""
    with durable as server:
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
            server.new(DATABASE)
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


def the_job(where: Place) -> Run:
    """Take a backup."""
    return measure(f"{sys.executable} -m infra.backup_job run", where.environment())


def restored(where: Place) -> Run:
    """Restore the latest backup."""
    run = measure(f"{sys.executable} -m infra.backup_job restore", where.environment())
    drop(where, r"bench_restored_\w+")
    return run


def drop(where: Place, pattern: str) -> None:
    """Drop the databases whose name matches."""
    with psycopg.connect(where.server.url("postgres"), autocommit=True) as admin:
        for (name,) in admin.execute("SELECT datname FROM pg_database").fetchall():
            if re.fullmatch(pattern, name):
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def manifest_seconds(where: Place) -> dict[str, float]:
    """Return what the latest backup says that its parts took, and its bytes."""
    settings = load(where.settings, {})
    manifest = catalog.find(JobStore(settings), Names(settings.prefix), "latest")
    return {**manifest.seconds, "stored": manifest.data.size, "dumped": manifest.dump_size}
