"""Readers see a whole latest backup while it is replaced; of those who replace it at once, the newest wins."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from infra.backup_job import latest
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import LatestPointer, Manifest
from infra.backup_job.names import Names, stamp
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.conftest import Database
from tests.full_run import FULL

OVERWRITES = 500 if FULL else 50
READERS = 4
WRITERS = 8
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
AGAIN = Names("read-meanwhile")
"""Where the backups of the tests are made the latest: beside the manifests of the job, which are newer."""


@pytest.fixture
def backups(job: Job, database: Database) -> list[Manifest]:
    """Two proven backups of different sizes."""
    job.good("run")
    first = job.manifest()
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE public.more AS SELECT md5(i::text) FROM generate_series(1, 200000) AS i")
    job.good("run")
    return [first, job.manifest()]


@pytest.fixture
def store(job: Job) -> Iterator[ObjectStore]:
    yield ObjectStore(job.settings)
    for key in (AGAIN.latest, AGAIN.latest_data, AGAIN.latest_schema):
        job.client.delete_object(Bucket=job.settings.s3_bucket, Key=key)


def moved(store: ObjectStore, manifest: Manifest, number: int) -> str:
    """Make `manifest` the latest as one that began so many seconds later; return its stamp."""
    started = BEGAN + timedelta(seconds=number)
    as_of_then = manifest.model_copy(update={"started": started, "stamp": stamp(started)})
    latest.move(store, AGAIN, as_of_then, manifest.data)
    return as_of_then.stamp


@contextmanager
def reading(store: ObjectStore, backups: list[Manifest]) -> Iterator[list[int]]:
    """Read pointer and copies all the time; give how often, and fail at the end with what was not whole."""
    whole = {manifest.data.sha256 for manifest in backups} | {manifest.schema_sql.sha256 for manifest in backups}
    over, reads = threading.Event(), [0] * READERS

    def read(number: int) -> None:
        seen = ""
        while not over.is_set():
            pointer, _ = latest.read(store, AGAIN)
            assert isinstance(pointer, LatestPointer)
            assert pointer.stamp >= seen, "the latest went back"
            seen = pointer.stamp
            for key in (AGAIN.latest_data, AGAIN.latest_schema):
                assert hashlib.sha256(store.get(key)[0]).hexdigest() in whole, key
            reads[number] += 1

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, number) for number in range(READERS)]
        try:
            yield reads
        finally:
            over.set()
        for reader in readers:
            reader.result()


def test_no_reader_sees_a_torn_one(store: ObjectStore, backups: list[Manifest]) -> None:
    assert backups[0].data.size != backups[1].data.size
    moved(store, backups[0], 0)
    with reading(store, backups) as reads:
        for number in range(1, OVERWRITES + 1):
            moved(store, backups[number % 2], number)
    assert min(reads) > 1, reads


def test_of_many_at_once_none_replaces_a_newer_one(store: ObjectStore, backups: list[Manifest]) -> None:
    moved(store, backups[0], 0)
    ready = threading.Barrier(WRITERS)

    def write(number: int) -> str | None:
        ready.wait(60)
        try:
            return moved(store, backups[number % 2], number)
        except BackupError:  # somebody else's came in between, or is newer
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(filter(None, pool.map(write, range(1, WRITERS + 1))))
    pointer, _ = latest.read(store, AGAIN)
    assert pointer is not None
    assert pointer.stamp == max(won)
