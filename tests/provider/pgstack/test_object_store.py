"""A Service of kind object-store: it stands, falls and comes back, and who may call it."""

from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.embedded.object_store import ObjectStore
from infra.plugin import UNKNOWN, Secret
from infra.provider.s3.store import knows
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed, ended
from tests.provider.pgstack.object_store import buckets, client, s3, store, store_inputs
from tests.waiting import wait_until

__all__ = ["buckets", "s3", "store", "store_inputs"]

JOB = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::jobs/*"}]}
"""What a job may do in the bucket `jobs`."""


def test_a_killed_store_comes_back_with_its_data(store: Managed, store_inputs: dict[str, Any], s3: Any) -> None:
    s3.create_bucket(Bucket="survives")
    s3.put_object(Bucket="survives", Key="key", Body=b"value")
    before = (store["port"], store["credentials"])
    process = psutil.Process(ObjectStore(Path(store["folder"])).alive())
    process.kill()
    wait_until(lambda: ended(process), "the store ends")
    assert store.diff(**store_inputs).changes == {"running": "UPDATE"}
    store.update(**store_inputs)
    assert (store["port"], store["credentials"]) == before
    assert s3.get_object(Bucket="survives", Key="key")["Body"].read() == b"value"
    assert store.diff(**store_inputs).changes == {}


def test_a_create_over_a_running_store_adopts_it_as_it_is(
    store: Managed, manage: Manage, store_inputs: dict[str, Any]
) -> None:
    process = ObjectStore(Path(store["folder"])).alive()
    again = manage("local:Service", "object-store")
    again.create(**store_inputs)
    assert (again["port"], again["credentials"]) == (store["port"], store["credentials"])
    assert ObjectStore(Path(store["folder"])).alive() == process


def test_its_keys_are_secret_wherever_they_are_said(store: Managed) -> None:
    assert isinstance(store.state["credentials"], Secret)
    assert store["credentials"]["secretKey"] not in f"{store.state} {store.inputs} {store.logs()}"


def test_it_has_no_settings(manage: Manage, store_inputs: dict[str, Any]) -> None:
    failures = manage("local:Service").failures(**store_inputs, settings={"volume.max": "3"})
    assert failures == {"folder": "the object store has no settings; given: volume.max"}


def test_a_rotation_gives_the_store_other_keys_and_leaves_what_is_in_it(manage: Manage, state_folder: Path) -> None:
    inputs = {"kind": "object-store", "folder": str(state_folder / "rotated"), "identities": {"backup": JOB}}
    service = manage("local:Service", "rotated")
    service.create(**inputs)
    try:
        old, old_job = client(service), as_other(service, "backup")
        old.create_bucket(Bucket="kept")
        old.create_bucket(Bucket="jobs")
        old.put_object(Bucket="kept", Key="key", Body=b"value")
        old_job.put_object(Bucket="jobs", Key="key", Body=b"value")
        running = ObjectStore(Path(service["folder"])).alive()
        rotated = {**inputs, "rotation": "2"}
        assert service.preview_update(**rotated)["credentials"] == Secret(UNKNOWN)
        service.update(**rotated)
        assert client(service).get_object(Bucket="kept", Key="key")["Body"].read() == b"value"
        assert as_other(service, "backup").get_object(Bucket="jobs", Key="key")["Body"].read() == b"value"
        for former, bucket in ((old, "kept"), (old_job, "jobs")):
            with pytest.raises(ClientError, match="InvalidAccessKeyId"):
                former.get_object(Bucket=bucket, Key="key")
        assert service.diff(**rotated).changes == {}
        assert ObjectStore(Path(service["folder"])).alive() == running, "it went on serving"
        assert "witness" not in (Path(service["folder"]) / "s3.json").read_text()
    finally:
        service.delete()


def test_a_store_that_is_gone_knows_no_key(store: Managed) -> None:
    keys = store["credentials"]["accessKey"], store["credentials"]["secretKey"]
    assert knows(f"http://127.0.0.1:{store['port']}", *keys)
    assert not knows(f"http://127.0.0.1:{store['port']}", "AKNOBODYS", keys[1])
    assert not knows("http://127.0.0.1:9", *keys)


def test_others_than_the_administrator_get_keys_and_a_policy_and_keep_them(manage: Manage, state_folder: Path) -> None:
    """A store of an earlier release has none of them: it is given them in place, and its own keys stay."""
    inputs = {"kind": "object-store", "folder": str(state_folder / "shared")}
    service = manage("local:Service", "shared")
    service.create(**inputs)
    try:
        administrator = service["credentials"]
        client(service).create_bucket(Bucket="jobs")
        client(service).create_bucket(Bucket="others")
        shared = {**inputs, "identities": {"backup": JOB}}
        diff = service.diff(**shared)
        assert (set(diff.changes), diff.replaces) == ({"identities"}, [])
        assert service.preview_update(**shared)["credentials"] == Secret(UNKNOWN)
        service.update(**shared)
        keys = service["credentials"]
        assert {name: keys[name] for name in administrator} == administrator
        assert isinstance(service.state["credentials"], Secret)
        job = as_other(service, "backup")
        job.put_object(Bucket="jobs", Key="key", Body=b"value")
        with pytest.raises(ClientError, match="AccessDenied"):
            job.put_object(Bucket="others", Key="key", Body=b"value")
        assert service.diff(**shared).changes == {}

        again = manage("local:Service", "again")
        again.create(**inputs, identities={"backup": JOB, "prune": JOB})  # over a running one that knows less
        assert as_other(again, "prune").get_object(Bucket="jobs", Key="key")["Body"].read() == b"value"
    finally:
        service.delete()


def as_other(service: Managed, name: str) -> Any:
    keys = service["credentials"]
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{service['port']}",
        region_name="us-east-1",
        aws_access_key_id=keys[f"{name}AccessKey"],
        aws_secret_access_key=keys[f"{name}SecretKey"],
        config=Config(s3={"addressing_style": "path"}),
    )


def test_only_a_store_has_identities(manage: Manage, state_folder: Path) -> None:
    folder = str(state_folder / "no-store")
    failures = manage("local:Service").failures(
        kind="program", folder=folder, command=["/bin/true"], identities={"backup": JOB}
    )
    assert failures == {"identities": "only an object store has identities, and this is program"}
