"""The second destination: what is copied there, what a failure there changes, and a restore when the first is lost."""

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest
from pyrage import x25519

from infra import store_policies
from infra.backup_job import catalog, latest, second, second_status, status
from infra.backup_job.manifest import LatestPointer
from infra.backup_job.report import as_text
from infra.backup_job.second_status import Second
from infra.backup_job.status import Level
from infra.backup_job.store import ObjectStore as JobStore
from infra.backup_job.streams import FIRST_PART
from tests.backup.conftest import BUCKET, Job, S3Server, running_store
from tests.backup.test_damage import body_of, flip
from tests.backup.test_schedule import stopped, until
from tests.backup.test_secrets import arguments
from tests.backup.test_webhook import Hook, hook
from tests.conftest import Database, Server

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

__all__ = ["hook"]

SECOND, PLAIN = "second-backups", "second-plain"


@dataclass(frozen=True)
class There:
    """The part of the second destination that is one job's."""

    client: "S3Client"
    bucket: str
    prefix: str

    def objects(self) -> list[str]:
        """Return every visible key below the prefix, without the prefix."""
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/").get("Contents", [])
        return sorted(entry["Key"].removeprefix(f"{self.prefix}/") for entry in listed)

    def body(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def write(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def uploads(self) -> int:
        return len(self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix).get("Uploads", []))


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[S3Server]:
    """Another store, with a bucket that keeps versions and one that does not."""
    with running_store(SECOND) as server:
        for bucket in (SECOND, PLAIN):
            server.client.create_bucket(Bucket=bucket)
        enabled: Any = {"Status": "Enabled"}
        server.client.put_bucket_versioning(Bucket=SECOND, VersioningConfiguration=enabled)
        yield server


@pytest.fixture
def there(job: Job, elsewhere: S3Server) -> There:
    """The second destination of `job`, with versions, and keys that can not delete."""
    keys = elsewhere.keys(store_policies.JOB)
    job.set(
        second_bucket=SECOND,
        second_endpoint=elsewhere.endpoint,
        second_access_key=keys.access_key,
        second_secret_key=keys.secret_key,
    )
    return There(elsewhere.client, SECOND, job.values["prefix"])


@pytest.fixture
def plain(job: Job, there: There, elsewhere: S3Server) -> There:
    """The same without versions: what is written over is gone."""
    keys = elsewhere.identity
    job.set(second_bucket=PLAIN, second_access_key=keys.access_key, second_secret_key=keys.secret_key)
    return There(there.client, PLAIN, there.prefix)


def silent() -> str:
    """Return the URL of a store that does not run."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def missed(job: Job) -> str:
    """Take a backup while the second store does not run; return its stamp."""
    right = job.values["second_endpoint"]
    job.set(second_endpoint=silent())
    done = job.run("run")
    assert done.returncode == 0, done.stderr
    assert "second copy failed: " in done.stderr
    job.set(second_endpoint=right)
    return job.manifest().stamp


def pointer_of(job: Job) -> LatestPointer | None:
    """Return the latest backup in the second destination."""
    return latest.read(JobStore(second.there(job.settings)), job.names)[0]


def stamps(job: Job, *options: str) -> list[str]:
    return [entry["stamp"] for entry in json.loads(job.good("list", "--json", *options))]


def events(text: str, event: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


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


def test_a_second_store_that_is_down_costs_no_backup_and_the_next_run_catches_up(
    job: Job, there: There, hook: Hook, database: Database
) -> None:
    job.good("run")
    before, right = there.objects(), job.values["second_endpoint"]
    job.set(second_endpoint=silent(), failure_webhook=hook.url)
    done = job.run("run")
    stamp = job.manifest().stamp
    assert (done.returncode, done.stdout.strip()) == (0, f"s3://{BUCKET}/{job.manifest().data.key}")
    words = f"backup {stamp} is proven and the latest in the bucket, the second destination lacks one: "
    assert words in done.stderr
    assert "start it or correct second_endpoint; the next run copies what is missing" in done.stderr
    ((_, _, told),) = hook.calls()
    assert told["event"] == "second copy failed"
    assert words in told["error"]
    job.good("verify")
    warned = job.run("status")
    assert warned.returncode == 1
    assert f"the second destination does not tell what it has: {job.names.latest} can not be read" in warned.stdout
    assert "correct second_endpoint" in warned.stdout
    job.good("status", "--healthy")
    assert 'second_copied{stack="test"} 0' in job.run("status", "--prometheus").stdout
    assert there.objects() == before
    job.set(second_endpoint=right)
    job.good("run")
    assert there.objects() == job.objects()
    assert job.good("status").startswith("good: ")
    assert len(hook.calls()) == 0
    assert database


def test_what_was_missed_is_copied_newest_first(job: Job, there: There, database: Database) -> None:
    older = [job.good("run") and job.manifest().stamp, missed(job), missed(job)]
    done = job.run("run", "--json")
    newest = job.manifest().stamp
    copied = [line["stamp"] for line in events(done.stdout, "copied to the second destination")]
    assert copied == [newest, older[2], older[1]]
    assert stamps(job, "--from", "second") == [*copied, older[0]]
    assert job.good("verify", "--all", "--from", "second").count("is whole") == 4
    pointer = pointer_of(job)
    assert pointer is not None
    assert pointer.stamp == newest
    assert there.objects() == job.objects()
    assert database


def test_backups_from_before_its_first_copy_are_not_copied(job: Job, there: There, database: Database) -> None:
    """What its own rules took away, the oldest first, would come back with every run."""
    missed(job)
    job.good("run")
    assert stamps(job, "--from", "second") == [job.manifest().stamp]
    assert len(there.objects()) == len(job.objects()) - 4
    assert database


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
    assert pointer_of(job) == job.latest()
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
    newer = pointer.model_copy(update={"stamp": "29990101_000000"})
    plain.write(job.names.latest, newer.to_bytes())
    done = job.run("run")
    assert done.returncode == 0
    assert (
        f"bucket {PLAIN} at {job.values['second_endpoint']} has a newer latest backup, 29990101_000000" in done.stderr
    )
    assert pointer_of(job) == newer
    assert database


def test_status_warns_of_a_backup_that_does_not_come_there(job: Job, plain: There, database: Database) -> None:
    job.good("run")
    for key in plain.objects():
        plain.delete(f"{plain.prefix}/{key}")
    now = datetime.now(UTC)
    assert status.read(job.settings, job.identity(), now).level is Level.FINE  # it may be on its way
    found = status.read(job.settings, job.identity(), now + timedelta(hours=1, minutes=1))
    stamp = job.manifest().stamp
    assert found.level is Level.WARNING
    assert f"backup {stamp} is not in the second destination, bucket {PLAIN} (it has none)" in found.reason
    assert second_status.read(job.settings) == Second(PLAIN, None)
    job.set(second_bucket="no-such-bucket")
    warned = job.run("status")
    assert warned.returncode == 1
    assert "create the bucket, which is yours to make, or correct second_bucket" in warned.stdout
    assert json.loads(job.run("status", "--json").stdout)["second"]["copied"] is False
    assert database


def test_the_schedule_goes_on_after_a_copy_that_failed(job: Job, there: There, database: Database) -> None:
    job.set(second_endpoint=silent())
    process = job.start("schedule")
    seen = [line["event"] for line in until(process, "next backup")]
    assert seen[-3:] == ["backup is the latest", "second copy failed", "next backup"]
    stopped(process)
    assert there.objects() == []
    assert database


def test_without_a_second_destination_there_is_none_to_read(job: Job, database: Database) -> None:
    job.good("run")
    for command in ("list", "verify", "restore"):
        assert "there is no second destination: set second_bucket" in job.refused(command, "--from", "second")
    assert json.loads(job.good("status", "--json"))["second"] is None
    assert "backup_second_" not in job.good("status", "--prometheus")
    assert database


def test_its_keys_show_nowhere(job: Job, there: There, database: Database) -> None:
    secrets = [job.values["second_secret_key"], job.values["second_access_key"]]
    seen = ""
    for values in ({}, {"second_bucket": "no-such-bucket"}):
        job.set(**values)
        process = job.start("run", "--json")
        seen += arguments(psutil.Process(process.pid))
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        seen += out + err
        for command in (["status", "--json"], ["list", "--json", "--from", "second"]):
            done = job.run(*command)
            seen += done.stdout + done.stderr
    bodies = b"".join(there.body(f"{there.prefix}/{key}") for key in there.objects())
    bodies += b"".join(body_of(job, f"{there.prefix}/{key}") for key in job.objects())
    assert "backup is the latest" in seen
    assert bodies
    assert [number for number, secret in enumerate(secrets) if secret in seen or secret.encode() in bodies] == []
    assert database
