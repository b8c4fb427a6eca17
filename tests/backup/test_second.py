"""The second destination: what is copied there, and a restore from it when the first is lost."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from pyrage import x25519

from infra.backup_job import catalog, names, second
from infra.backup_job.report import as_text
from infra.backup_job.store import ObjectStore as JobStore
from infra.backup_job.streams import FIRST_PART
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.second_destination import (
    PLAIN,
    SECOND,
    There,
    elsewhere,
    missed,
    plain,
    pointer_of,
    stamps,
    there,
)
from tests.backup.test_damage import body_of, flip
from tests.backup.test_webhook import hook
from tests.conftest import Database, Server

__all__ = ["elsewhere", "hook", "plain", "there"]


def test_every_backup_is_there_under_its_keys_and_the_newest_is_the_latest(
    job: Job, there: There, filled: Database
) -> None:
    for _ in range(2):
        job.good("run")
    assert there.objects() == job.objects()
    prefix = job.values["prefix"]
    for key in there.objects():
        if key.startswith(("data/", "schema/", "globals/")):
            assert there.body(f"{prefix}/{key}") == body_of(job, f"{prefix}/{key}")
    assert there.uploads() == 0
    found = stamps(job)
    assert stamps(job, "--from", "second") == found
    pointer = pointer_of(job)
    assert pointer is not None
    assert pointer.stamp == found[0]
    assert pointer.data.version not in (None, "null")  # its own bucket's: what is written over it is not it
    there.write(pointer.data.key, b"forged")
    assert job.good("verify", "--all", "--from", "second").count("is whole") == 2
    assert job.good("status").strip().endswith(f", also in bucket {SECOND}")
    metrics = job.good("status", "--prometheus")
    assert 'agent_ecosystem_backup_second_copied{stack="test"} 1' in metrics
    assert 'agent_ecosystem_backup_second_last_success_timestamp_seconds{stack="test"} ' in metrics
    assert filled


def test_when_the_first_bucket_is_lost_the_second_restores(
    job: Job, there: There, filled: Database, server: Server, restored: list[str]
) -> None:
    """The runbook of docs/backups.md."""
    job.good("run")
    stamp = job.manifest().stamp
    for key in job.objects():
        job.client.delete_object(Bucket=BUCKET, Key=f"{job.values['prefix']}/{key}")
    assert "no backup in bucket" in job.refused("restore")
    assert job.run("status").returncode == 2
    listed = job.good("list", "--from", "second")
    assert stamp in listed
    assert f"{stamp} is whole" in job.good("verify", stamp, "--from", "second")
    assert job.good("status", "--from", "second").startswith("good: ")
    url = job.good("restore", "--from", "second", "--at", stamp).strip()
    restored.append(url.rpartition("/")[2])
    with psycopg.connect(server.url(restored[0])) as connection:
        assert connection.execute("SELECT count(*) FROM secretive").fetchone() == (7,)
    done = job.run("restore", "--from", "second", "--at", stamp, "--into", filled.name, "--force")
    assert done.returncode == 0, done.stderr
    restored += [word for word in done.stderr.replace(",", " ").split() if word.startswith(f"{filled.name}_replaced")]
    assert len(restored) == 2
    job.good("run")
    assert stamps(job, "--from", "second") == [job.manifest().stamp, stamp]
    assert there.uploads() == 0


def test_encrypted_backups_are_copied_as_they_are(
    job: Job, there: There, filled: Database, restored: list[str], tmp_path: Path
) -> None:
    identity = x25519.Identity.generate()
    job.set(encryption_recipients=[str(identity.to_public())])
    job.good("run")
    assert there.objects() == job.objects()
    data = job.manifest().data.key
    assert there.body(data).startswith(b"age-encryption.org/v1\n")
    assert "no identity is at hand" in job.refused("restore", "--from", "second", code=3)
    file = tmp_path / "key.txt"
    file.write_text(f"{identity}\n")
    file.chmod(0o600)
    job.set(encryption_identity_file=str(file))
    restored.append(job.good("restore", "--from", "second").strip().rpartition("/")[2])
    assert filled


def test_what_is_there_and_whole_is_not_copied_again(job: Job, plain: There, database: Database) -> None:
    job.good("run")
    manifest, settings = job.manifest(), job.settings
    parts = (manifest.data.key, manifest.schema_sql.key, manifest.globals.key)

    def written() -> list[datetime]:
        return [plain.client.head_object(Bucket=PLAIN, Key=key)["LastModified"] for key in parts]

    before, reported = written(), []
    elsewhere = second.there(settings)
    assert second.catch_up(settings, elsewhere, lambda event, **_: reported.append(event)) is None
    assert reported == []
    plain.delete(job.names.latest)  # as if it had been killed before the pointer
    assert second.catch_up(settings, elsewhere, as_text) is None
    replaced = pointer_of(job)
    assert replaced is not None
    assert replaced.stamp == job.manifest().stamp
    plain.delete(job.names.manifest(manifest.stamp))  # and before the manifest
    assert second.catch_up(settings, elsewhere, as_text) is None
    assert written() == before
    assert stamps(job, "--from", "second") == [manifest.stamp]
    assert database


def test_a_wrong_object_under_a_key_is_not_taken_for_a_copy(job: Job, plain: There, database: Database) -> None:
    job.good("run")
    manifest = job.manifest()
    body = plain.body(manifest.data.key)
    plain.delete(job.names.manifest(manifest.stamp))
    plain.write(manifest.data.key, flip(body, 99))
    settings, elsewhere = job.settings, second.there(job.settings)
    said = second.catch_up(settings, elsewhere, as_text)
    assert said is not None
    assert f"{manifest.data.key} in bucket {PLAIN}" in said
    assert "delete it there, all its versions, and it is copied again" in said
    assert catalog.stamps(JobStore(elsewhere), job.names) == []
    plain.delete(manifest.data.key)
    assert second.catch_up(settings, elsewhere, as_text) is None
    assert plain.body(manifest.data.key) == body
    assert database


def test_what_is_damaged_or_lost_in_the_first_is_not_copied_and_keeps_nothing_else_back(
    job: Job, there: There, filled: Database
) -> None:
    job.good("run")
    good, lost = missed(job), missed(job)
    job.client.delete_object(Bucket=BUCKET, Key=job.manifest().globals.key)
    damaged = missed(job)
    data = job.manifest().data.key
    body = body_of(job, data)
    job.client.put_object(Bucket=BUCKET, Key=data, Body=flip(body, len(body) * 4))
    done = job.run("run")
    assert done.returncode == 0
    assert f"{data} in bucket {BUCKET}" in done.stderr
    assert "is damaged: it has" in done.stderr
    assert f"_{lost}.json can not be read" in done.stderr
    there_now = stamps(job, "--from", "second")
    assert there_now[:2] == [job.manifest().stamp, good]
    assert damaged not in there_now
    assert data.removeprefix(f"{there.prefix}/") not in there.objects()
    assert there.uploads() == 0
    assert filled


def test_a_bit_that_flipped_in_the_second_is_noticed(job: Job, plain: There, filled: Database) -> None:
    job.good("run")
    data = job.manifest().data.key
    body = plain.body(data)
    plain.write(data, flip(body, len(body) * 4))
    assert f"{data} is damaged" in job.refused("verify", "--from", "second", code=3)
    assert f"{data} is damaged" in job.refused("restore", "--from", "second", code=3)
    job.good("verify")
    assert filled


def test_a_dump_of_many_parts_follows_an_upload_that_a_killed_run_left(job: Job, there: There, big: Database) -> None:
    there.client.create_multipart_upload(Bucket=SECOND, Key=f"{there.prefix}/data/distributed_data_backup_x")
    assert there.uploads() == 1
    job.good("run")
    assert there.uploads() == 0
    data = job.manifest().data
    assert data.size > 3 * FIRST_PART
    assert hashlib.sha256(there.body(data.key)).hexdigest() == data.sha256
    assert big


def test_an_older_backup_never_replaces_a_newer_latest(job: Job, plain: There, database: Database) -> None:
    job.good("run")
    pointer = pointer_of(job)
    assert pointer is not None
    stamp = names.stamp(datetime.now(UTC) + timedelta(minutes=4))
    newer = pointer.model_copy(update={"stamp": stamp})
    plain.write(job.names.latest, newer.to_bytes())
    done = job.run("run")
    assert done.returncode == 0
    assert f"bucket {PLAIN} at {job.values['second_endpoint']} has a newer latest backup, {stamp}" in done.stderr
    assert pointer_of(job) == newer
    plain.write(job.names.latest, pointer.model_copy(update={"stamp": "29990101_000000"}).to_bytes())
    job.good("run")  # one of the future is from a clock that was wrong
    replaced = pointer_of(job)
    assert replaced is not None
    assert replaced.stamp == job.manifest().stamp
    assert database
