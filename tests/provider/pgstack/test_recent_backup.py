"""The look at the latest backup, against a real store: when an update is let through, and what refuses it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.backup_job.manifest import Identity, LatestPointer, Proof, StoredObject
from infra.plugin import UNKNOWN, Secret
from infra.provider.s3.recent_backup import too_old
from infra.provider.s3.settings import opened_to_everybody
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMIT = 3


@pytest.fixture(scope="module")
def store(manage: Manage, state_folder: Path) -> Iterator[Managed]:
    service = manage("local:Service", "object-store")
    service.create(kind="object-store", folder=str(state_folder / "object-store"))
    yield service
    service.delete()


@pytest.fixture(scope="module")
def s3(store: Managed) -> Iterator[Any]:
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{store['port']}",
        region_name="us-east-1",
        aws_access_key_id=store["credentials"]["accessKey"],
        aws_secret_access_key=store["credentials"]["secretKey"],
        config=Config(s3={"addressing_style": "path"}),
    )
    yield client
    client.close()


@pytest.fixture
def inputs(store: Managed, s3: Any, request: pytest.FixtureRequest) -> dict[str, Any]:
    bucket = request.node.name.replace("_", "-")[:60].rstrip("-[")
    s3.create_bucket(Bucket=bucket)
    return {
        "endpoint": f"http://127.0.0.1:{store['port']}",
        "region": "us-east-1",
        "bucket": bucket,
        **{name: Secret(value) for name, value in store["credentials"].items()},
        "maxAgeHours": LIMIT,
        "preview": False,
    }


@pytest.fixture
def guard(manage: Manage) -> Managed:
    return manage("s3:RecentBackup", "recent-backup")


def take_backup(s3: Any, bucket: str, *, hours_ago: float) -> None:
    """Leave what the job leaves in the bucket after a backup begun so long ago."""
    started = datetime.now(UTC) - timedelta(hours=hours_ago)
    part = StoredObject(key="k", size=1, sha256="0" * 64)
    pointer = LatestPointer(
        stamp="20261124_120000",
        started=started,
        seconds=1,
        proof=Proof(method="restore", moment=started, seconds=1),
        manifest=part,
        data=part,
        schema_sql=part,
        identity=Identity(system_identifier="1", database_oid=1),
    )
    s3.put_object(Bucket=bucket, Key="backups/latest.json", Body=pointer.to_bytes())


def test_the_first_update_needs_no_backup(guard: Managed, inputs: dict[str, Any]) -> None:
    assert guard.failures(**inputs) == {}
    assert guard.failures(**inputs | {"endpoint": UNKNOWN}) == {}
    guard.create(**inputs)
    assert "preview" not in guard.inputs


def test_a_first_update_that_did_not_finish_is_repeated(guard: Managed, inputs: dict[str, Any]) -> None:
    guard.create(**inputs)
    guard.update(**inputs)
    assert ("warning", f"bucket {inputs['bucket']} holds no backup yet: the first update was not finished") in (
        guard.logs()
    )


def test_a_young_backup_lets_an_update_through_that_changes_nothing(
    guard: Managed, inputs: dict[str, Any], s3: Any
) -> None:
    guard.create(**inputs)
    take_backup(s3, inputs["bucket"], hours_ago=1)
    assert guard.diff(**inputs).changes == {}
    guard.update(**inputs)
    assert guard.inputs["seen"] is True
    assert guard.diff(**inputs | {"preview": True}).changes == {}


def test_an_old_backup_refuses_every_later_update(guard: Managed, inputs: dict[str, Any], s3: Any) -> None:
    guard.create(**inputs)
    take_backup(s3, inputs["bucket"], hours_ago=5)
    refused = (
        f"bucket {inputs['bucket']}: the latest backup is 5.0 h old, allowed are 3 h (backupMaxAgeHours). Nothing "
        "changes before there is one: make backup STACK=test"
    )
    for preview in (True, False):
        assert guard.failures(**inputs | {"preview": preview}) == {"maxAgeHours": refused}
    assert guard.failures(**inputs | {"maxAgeHours": 6}) == {}


def test_backups_that_are_gone_refuse_too(guard: Managed, inputs: dict[str, Any], s3: Any) -> None:
    guard.create(**inputs)
    take_backup(s3, inputs["bucket"], hours_ago=1)
    guard.update(**inputs)
    s3.delete_object(Bucket=inputs["bucket"], Key="backups/latest.json")
    assert "the backups that were here are gone" in guard.failures(**inputs)["maxAgeHours"]
    s3.delete_bucket(Bucket=inputs["bucket"])
    assert "the backups that were here are gone" in guard.failures(**inputs)["maxAgeHours"]


def test_something_else_in_its_place_refuses(guard: Managed, inputs: dict[str, Any], s3: Any) -> None:
    guard.create(**inputs)
    s3.put_object(Bucket=inputs["bucket"], Key="backups/latest.json", Body=b"{}")
    assert "backups/latest.json is damaged or of another version" in guard.failures(**inputs)["bucket"]


def test_a_store_that_does_not_answer_is_a_warning_in_a_preview_alone(guard: Managed, inputs: dict[str, Any]) -> None:
    guard.create(**inputs)
    away = inputs | {"endpoint": "http://127.0.0.1:9"}
    assert guard.failures(**away | {"preview": True}) == {}
    assert any("the update looks again" in message for severity, message in guard.logs() if severity == "warning")
    failure = guard.failures(**away)["bucket"]
    assert failure.endswith("without a look at the latest backup nothing changes")
    assert inputs["secretKey"].value not in failure


@pytest.mark.parametrize(
    ("taken", "refusal"),
    [
        (None, "the backups that were here are gone"),
        (NOW - timedelta(hours=LIMIT), None),
        (NOW + timedelta(minutes=5), None),
        (
            NOW + timedelta(minutes=6),
            "the latest backup began at 2026-11-24 12:06 UTC, which is in the future: correct the clock first",
        ),
        (
            NOW - timedelta(hours=LIMIT, minutes=6),
            "the latest backup is 3.1 h old, allowed are 3 h (backupMaxAgeHours)",
        ),
    ],
)
def test_how_old_is_too_old(taken: datetime | None, refusal: str | None) -> None:
    assert too_old(taken, LIMIT, NOW) == refusal


# -- a bucket that is to be private


ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


@pytest.mark.parametrize(
    ("statements", "opened"),
    [
        ([{**ALLOW, "Principal": "*"}], ["number 1"]),
        ([{**ALLOW, "Principal": {"AWS": "*"}, "Sid": "Open"}], ["Open"]),
        ([{**ALLOW, "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}}], ["number 1"]),
        ([{**ALLOW, "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}}], ["number 1"]),
        ({**ALLOW, "Principal": "*"}, ["number 1"]),
        ([{**ALLOW, "Principal": {"AWS": "arn:aws:iam::1:root"}}], []),
        ([{**ALLOW, "Effect": "Deny", "Principal": "*"}], []),
    ],
)
def test_which_policies_open_a_bucket_to_everybody(statements: Any, opened: list[str]) -> None:
    assert opened_to_everybody({"Version": "2012-10-17", "Statement": statements}) == opened


def test_a_private_bucket_takes_no_policy_for_everybody(manage: Manage, inputs: dict[str, Any]) -> None:
    bucket = manage("s3:Bucket", "backups")
    place = {name: inputs[name] for name in ("endpoint", "region", "bucket", "accessKey", "secretKey")}
    policy = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Principal": "*", "Sid": "Open"}]}
    refused = "opens the bucket to everybody (statement Open), which blockPublicAccess refuses"
    assert bucket.failures(**place, policy=policy) == {"policy": refused}
    assert bucket.failures(**place, policy=policy, blockPublicAccess=False) == {}
    assert bucket.failures(**place, policy=UNKNOWN) == {}
