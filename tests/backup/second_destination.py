"""What tests of the second destination share: its store, a job's part of it, and what is to be seen there."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from infra import store_policies
from infra.backup_job import latest, second
from infra.backup_job.manifest import LatestPointer
from infra.backup_job.store import ObjectStore as JobStore
from tests.backup.conftest import Job
from tests.backup.s3_server import S3Server, running_store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

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
