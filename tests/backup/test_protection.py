"""What somebody can do who has taken over the job, or the pruner: in the bucket as a stack sets it up."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from infra import store_policies
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import Names
from infra.provider.s3 import settings, store
from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import S3Server, client_of, running_store
from tests.conftest import Database, Server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

BUCKET = "protected-backups"
LOCK_DAYS = 7
POLICY = store_policies.of_bucket(
    BUCKET, {name: store_policies.seaweedfs_principal(name) for name in (store_policies.JOB, store_policies.PRUNER)}
)

Attack = Callable[["S3Client", str, str], Any]
"""Given a client, and the key and version of a proven backup's dump."""


@pytest.fixture(scope="module")
def protected() -> Iterator[S3Server]:
    with running_store(BUCKET) as server:
        store.make(server.client, BUCKET, "us-east-1", "test", lockable=True)
        wanted = settings.Settings(
            versioning=True,
            object_lock_days=LOCK_DAYS,
            abort_multipart_days=7,
            block_public_access=True,
            policy=POLICY,
        )
        assert list(settings.apply(server.client, BUCKET, wanted)) == ["public access block"]
        yield server


@pytest.fixture
def guarded(server: Server, protected: S3Server, filled: Database, tmp_path: Path) -> Iterator[Job]:
    """A job with a proven backup in the protected bucket."""
    made = Job(tmp_path / "job.json", job_values(server, protected, BUCKET, filled), protected.client)
    pruner = protected.keys(store_policies.PRUNER)
    made.set(prune_access_key=pruner.access_key, prune_secret_key=pruner.secret_key)
    made.good("run")
    yield made
    made.stop()


@pytest.fixture
def as_job(protected: S3Server) -> Iterator["S3Client"]:
    client = client_of(protected.endpoint, protected.keys(store_policies.JOB))
    yield client
    client.close()


@pytest.fixture
def as_pruner(protected: S3Server) -> Iterator["S3Client"]:
    client = client_of(protected.endpoint, protected.keys(store_policies.PRUNER))
    yield client
    client.close()


def refused(attack: Callable[[], Any]) -> None:
    """An attack has to end with the store's refusal, of the whole or of each object."""
    assert answer_to(attack) == "AccessDenied"


def answer_to(attack: Callable[[], Any]) -> str:
    """Return the code the store refuses with; `done` is what it did, also in part."""
    try:
        answer = attack()
    except ClientError as error:
        return error.response["Error"]["Code"]
    codes = {entry["Code"] for entry in answer.get("Errors", [])}
    return "done" if answer.get("Deleted") or not codes else ", ".join(sorted(codes))


def dump_of(manifest: Manifest) -> tuple[str, str]:
    assert manifest.data.version is not None
    return manifest.data.key, manifest.data.version


def identifier(key: str, version: str) -> "ObjectIdentifierTypeDef":
    return {"Key": key, "VersionId": version}


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


UNLOCKED: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
EXPIRING: Any = {"Rules": [{"ID": "now", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}

ATTACKS: dict[str, Attack] = {
    "delete the object": lambda s3, key, _: s3.delete_object(Bucket=BUCKET, Key=key),
    "delete the version": lambda s3, key, version: s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version),
    "delete it past the lock": lambda s3, key, version: s3.delete_object(
        Bucket=BUCKET, Key=key, VersionId=version, BypassGovernanceRetention=True
    ),
    "delete many": lambda s3, key, version: s3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": key}, identifier(key, version)]}
    ),
    "delete many past the lock": lambda s3, key, version: s3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [identifier(key, version)]}, BypassGovernanceRetention=True
    ),
    "shorten the lock": lambda s3, key, version: s3.put_object_retention(
        Bucket=BUCKET,
        Key=key,
        VersionId=version,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": tomorrow()},
        BypassGovernanceRetention=True,
    ),
    "lengthen the lock": lambda s3, key, version: s3.put_object_retention(
        Bucket=BUCKET,
        Key=key,
        VersionId=version,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=3650)},
    ),
    "hold it for ever": lambda s3, key, version: s3.put_object_legal_hold(
        Bucket=BUCKET, Key=key, VersionId=version, LegalHold={"Status": "ON"}
    ),
    "open it": lambda s3, key, _: s3.put_object_acl(Bucket=BUCKET, Key=key, ACL="public-read"),
    "delete the bucket": lambda s3, *_: s3.delete_bucket(Bucket=BUCKET),
    "replace the policy": lambda s3, *_: s3.put_bucket_policy(
        Bucket=BUCKET, Policy='{"Version": "2012-10-17", "Statement": []}'
    ),
    "delete the policy": lambda s3, *_: s3.delete_bucket_policy(Bucket=BUCKET),
    "let everything expire": lambda s3, *_: s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration=EXPIRING
    ),
    "forget the lifecycle": lambda s3, *_: s3.delete_bucket_lifecycle(Bucket=BUCKET),
    "keep no versions": lambda s3, *_: s3.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    ),
    "lock less": lambda s3, *_: s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=UNLOCKED),
    "take the bucket over": lambda s3, *_: s3.put_bucket_tagging(
        Bucket=BUCKET, Tagging={"TagSet": [{"Key": store.OWNER_TAG, "Value": "me"}]}
    ),
    "open the bucket": lambda s3, *_: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read-write"),
    "make a bucket": lambda s3, *_: s3.create_bucket(Bucket="another-bucket"),
}


def attacked(s3: "S3Client", key: str, version: str) -> dict[str, str]:
    """Try every attack with these keys; return what the store answered to each."""

    def tried(attack: Attack) -> str:
        return answer_to(lambda: attack(s3, key, version))

    return {name: tried(attack) for name, attack in ATTACKS.items()}


def test_the_job_can_neither_delete_a_backup_nor_change_the_bucket(
    guarded: Job, protected: S3Server, as_job: "S3Client"
) -> None:
    before = settings.read(protected.client, BUCKET)
    key, version = dump_of(guarded.manifest())
    assert attacked(as_job, key, version) == dict.fromkeys(ATTACKS, "AccessDenied")
    assert settings.read(protected.client, BUCKET) == before
    assert before.object_lock_days == LOCK_DAYS
    assert guarded.good("verify")
    assert [entry["Name"] for entry in protected.client.list_buckets()["Buckets"]] == [BUCKET]


@pytest.mark.parametrize("without", ["the bucket's policy", "the lock"])
def test_either_the_policies_or_the_lock_hold_alone(
    guarded: Job, protected: S3Server, as_job: "S3Client", as_pruner: "S3Client", without: str
) -> None:
    """The job's own policy where nothing else is left, and the lock for who may delete."""
    key, version = dump_of(guarded.manifest())
    if without == "the bucket's policy":
        protected.client.delete_bucket_policy(Bucket=BUCKET)
        try:
            assert attacked(as_job, key, version) == dict.fromkeys(ATTACKS, "AccessDenied")
        finally:
            protected.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(POLICY))
    else:
        refused(lambda: as_pruner.delete_object(Bucket=BUCKET, Key=key, VersionId=version))
    guarded.good("verify")


def test_the_pruner_can_not_write_and_not_get_past_a_lock(
    guarded: Job, protected: S3Server, as_pruner: "S3Client"
) -> None:
    before = settings.read(protected.client, BUCKET)
    key, version = dump_of(guarded.manifest())
    assert attacked(as_pruner, key, version) == dict.fromkeys(ATTACKS, "AccessDenied")
    refused(lambda: as_pruner.put_object(Bucket=BUCKET, Key=key, Body=b"mine"))
    refused(lambda: as_pruner.put_object(Bucket=BUCKET, Key="backups/new", Body=b"mine"))
    refused(lambda: as_pruner.create_multipart_upload(Bucket=BUCKET, Key="backups/new"))
    refused(
        lambda: as_pruner.copy_object(
            Bucket=BUCKET, Key="backups/new", CopySource={"Bucket": BUCKET, "Key": key, "VersionId": version}
        )
    )
    assert settings.read(protected.client, BUCKET) == before
    guarded.good("verify")


def test_what_the_job_writes_over_a_backup_does_not_reach_it(
    guarded: Job, as_job: "S3Client", server: Server, restored: list[str]
) -> None:
    """Every object of the newest backup, the pointers to it, and SeaweedFS' own name of a version."""
    manifest = guarded.manifest()
    names = Names(guarded.values["prefix"])
    own = names.manifest(manifest.stamp)
    inside = f"{manifest.data.key}.versions/v_{manifest.data.version}"
    parts = (manifest.data.key, manifest.schema_sql.key, manifest.globals.key, own)
    for key in (*parts, names.latest, names.latest_data, names.latest_schema, inside):
        as_job.put_object(Bucket=BUCKET, Key=key, Body=b"written over")
    assert "latest.json is damaged" in guarded.refused("status", code=3)
    guarded.good("verify", manifest.stamp)
    url = guarded.good("restore", "--at", manifest.stamp)
    restored.append(url.strip().rpartition("/")[2])
    assert server.url().rpartition("@")[2].partition("/")[0] in url


def test_prune_says_until_when_a_lock_holds_a_backup_and_frees_the_space_afterwards(
    guarded: Job, protected: S3Server
) -> None:
    none = {"hourly": 0, "daily": 0, "weekly": 0, "monthly": 0, "yearly": 0}
    guarded.set(retention={"last": 1, **none})
    first = guarded.manifest()
    guarded.good("run")
    until = protected.client.head_object(Bucket=BUCKET, Key=first.data.key)["ObjectLockRetainUntilDate"]
    assert timedelta(days=LOCK_DAYS - 1) < until - datetime.now(UTC) < timedelta(days=LOCK_DAYS + 1)
    for options in (["--dry-run"], []):
        done = guarded.run("prune", *options)
        assert done.returncode == 0, done.stderr
        assert f"what {first.stamp}, reason locked until {until:%Y-%m-%d %H}" in done.stderr
        assert "0 refused by the store" in done.stdout
    guarded.good("verify", first.stamp)

    names = guarded.names
    unlock(protected, first.data.key, first.schema_sql.key, first.globals.key, names.manifest(first.stamp))
    unlock(protected, names.latest, names.latest_data, names.latest_schema)
    assert first.stamp not in guarded.run("prune").stderr
    left = protected.client.list_object_versions(Bucket=BUCKET, Prefix=guarded.values["prefix"])
    assert [entry["Key"] for entry in left["Versions"] if first.stamp in entry["Key"]] == []
    assert left.get("DeleteMarkers", []) == []
    assert [entry["Key"] for entry in left["Versions"] if entry["Key"] == names.latest] == [names.latest]
    guarded.good("verify")


def test_versions_are_told_apart_by_their_order_and_not_by_when_their_locks_were_changed(
    guarded: Job, as_job: "S3Client", protected: S3Server
) -> None:
    guarded.set(retention={"last": 1, "hourly": 0, "daily": 0, "weekly": 0, "monthly": 0, "yearly": 0})
    guarded.good("run")
    newest, names = guarded.manifest(), guarded.names
    as_job.put_object(Bucket=BUCKET, Key=names.manifest(newest.stamp), Body=b"written over")
    unlock(protected, names.latest)
    for key in (names.latest, names.manifest(newest.stamp)):
        make_oldest_the_last_modified(protected, key)
    guarded.good("prune")
    assert guarded.manifest() == newest
    guarded.good("verify", newest.stamp)


def make_oldest_the_last_modified(protected: S3Server, key: str) -> None:
    """Change the lock of the oldest version until the store says that it is newer than the others."""

    def changed() -> bool:
        *newer, oldest = protected.client.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
        if oldest["LastModified"] > max(version["LastModified"] for version in newer):
            return True
        lock(protected, key, oldest["VersionId"], datetime.now(UTC) + timedelta(days=LOCK_DAYS))
        return False

    wait_until(changed, f"the oldest version of {key} was modified last")


def unlock(protected: S3Server, *keys: str) -> None:
    """Let the locks of these keys' versions end, as time does: the administrator may."""
    end = datetime.now(UTC)
    for key in keys:
        for version in protected.client.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]:
            end = datetime.now(UTC) + timedelta(seconds=1)
            lock(protected, version["Key"], version["VersionId"], end)
    wait_until(lambda: datetime.now(UTC) > end, "the locks end")


def lock(protected: S3Server, key: str, version: str, until: datetime) -> None:
    protected.client.put_object_retention(
        Bucket=BUCKET,
        Key=key,
        VersionId=version,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until},
        BypassGovernanceRetention=True,
    )
