"""Objects that changed in the store: the check and the restore notice, and nothing is left of the attempt."""

import random

import psycopg
import pytest
import zstandard

from infra.backup_job.artefacts import Artefacts
from infra.backup_job.check import check
from infra.backup_job.database import Programs
from infra.backup_job.errors import DamagedError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.conftest import Database, Server


def body_of(job: Job, key: str) -> bytes:
    return job.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def flip(body: bytes, position: int) -> bytes:
    changed = bytearray(body)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def latest_data(job: Job) -> StoredObject:
    pointer = job.latest()
    assert pointer is not None
    return pointer.data


def restored_databases(server: Server) -> list[str]:
    with psycopg.connect(server.url()) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE '%restored%'").fetchall()
    return [name for (name,) in rows]


def test_the_check_notices_every_flipped_bit(job: Job, filled: Database) -> None:
    job.good("run")
    data = latest_data(job)
    body = body_of(job, data.key)
    store, programs = ObjectStore(job.settings), Programs(job.settings.pg_bin, job.settings.pg_environment)
    check(Artefacts(store), programs, data)
    for position in random.Random(1).sample(range(len(body) * 8), 20):  # noqa: S311
        job.client.put_object(Bucket=BUCKET, Key=data.key, Body=flip(body, position))
        with pytest.raises(DamagedError, match=data.key):
            check(Artefacts(store), programs, data)
    assert filled


@pytest.mark.parametrize("keep", [0, 1, 0.5, -1])
def test_the_check_notices_a_truncated_object(job: Job, filled: Database, keep: float) -> None:
    job.good("run")
    data = latest_data(job)
    body = body_of(job, data.key)
    kept = int(len(body) * keep) if 0 < keep < 1 else int(keep)
    job.client.put_object(Bucket=BUCKET, Key=data.key, Body=body[:kept])
    with pytest.raises(DamagedError, match="is damaged"):
        check(Artefacts(ObjectStore(job.settings)), Programs(job.settings.pg_bin, job.settings.pg_environment), data)
    assert filled


def test_the_check_reads_the_dump_not_only_its_hash(job: Job, filled: Database) -> None:
    """An object stored exactly as it was made, but made wrong, is no backup."""
    job.good("run")
    data = latest_data(job)
    body = b"no dump at all"
    store = ObjectStore(job.settings)
    with store.upload(f"{job.names.data_start}made_wrong") as upload:
        upload.write(body)
    made = StoredObject(key=f"{job.names.data_start}made_wrong", size=upload.size, sha256=upload.sha256)
    with pytest.raises(DamagedError):
        check(Artefacts(store), Programs(job.settings.pg_bin, job.settings.pg_environment), made)
    assert filled
    assert data.key in {f"{job.values['prefix']}/{key}" for key in job.objects()}


def test_a_restore_of_a_damaged_dump_fails_and_drops_its_database(job: Job, big: Database, server: Server) -> None:
    job.good("run")
    data = latest_data(job)
    body = body_of(job, data.key)
    for wrong in (flip(body, len(body) * 4), body[:-1000]):
        job.client.put_object(Bucket=BUCKET, Key=data.key, Body=wrong)
        assert f"{data.key} is damaged" in job.refused("restore", code=3)
        assert restored_databases(server) == []
    assert big


def test_another_dump_under_the_same_name_never_replaces_a_database(job: Job, big: Database) -> None:
    """The object in the store is a whole dump, with good checksums inside: only its hash tells that it is not ours."""
    job.good("run")
    data = latest_data(job)
    dump = zstandard.ZstdDecompressor().decompressobj().decompress(body_of(job, data.key))
    other = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(dump)
    job.client.put_object(Bucket=BUCKET, Key=data.key, Body=other)
    with psycopg.connect(big.admin_url, autocommit=True) as admin:
        admin.execute("INSERT INTO secretive VALUES ('me', 'newer than the backup')")
        assert "is damaged" in job.refused("restore", "--into", big.admin_url, "--force", code=3)
        assert admin.execute("SELECT count(*) FROM secretive").fetchone() == (8,)


def test_a_damaged_manifest_or_pointer_is_named(job: Job, filled: Database) -> None:
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    body = body_of(job, pointer.manifest.key)
    job.client.put_object(
        Bucket=BUCKET, Key=pointer.manifest.key, Body=body.replace(b'"public.secretive": 7', b'"public.secretive": 8')
    )
    assert f"{pointer.manifest.key} is damaged" in job.refused("restore", code=3)
    job.client.put_object(Bucket=BUCKET, Key=job.names.latest, Body=b"{}")
    assert "latest.json is damaged" in job.refused("status", code=3)
    assert filled


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("constraint", '"Odd Näme_embedding_check" on public."Odd Näme"'),
        ("trigger", 'touched on public."Odd Näme"'),
        ("policy", "own_rows on public.secretive"),
    ],
)
def test_a_restore_that_changed_an_object_is_a_failure(
    job: Job, filled: Database, server: Server, kind: str, name: str
) -> None:
    """The manifest and the dump disagree: as if a restore had left half of a definition out, without an error."""
    job.good("run")
    objects = job.manifest().contents.objects
    stamp = job.forge(objects={**objects, kind: {**objects[kind], name: "another"}})
    assert f"{kind} {name} is defined otherwise" in job.refused("restore", "--at", stamp)
    assert restored_databases(server) == []
    assert filled


def test_a_restore_that_lost_something_is_a_failure(job: Job, filled: Database, server: Server) -> None:
    """The manifest and the dump disagree: as if pg_restore had skipped rows without an error."""
    job.good("run")
    rows = job.manifest().contents.rows
    refusal = job.refused("restore", "--at", job.forge(rows={**rows, "public.secretive": 8}))
    assert "public.secretive has 7 rows of 8" in refusal
    assert restored_databases(server) == []
    assert filled
