"""The job on stores of another make: what it asks is S3, not SeaweedFS."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra import store_policies
from infra.provider.s3 import settings, store
from tests.backup import localstack, versitygw
from tests.backup.s3_server import GIVEN_STORE, given_store
from tests.full_run import in_full
from tests.versions.run_on import run_apart
from tools.bootstrap.failure import SetupError

pytestmark = in_full

FOLDER = Path("tests/backup")
WRONG_KEYS = "test_refusals.py::test_a_wrong_setting_is_told_by_its_consequence"
OF_SEAWEEDFS = ("test_object_store.py", f"{WRONG_KEYS}[change1-correct s3_access_key]")
"""How the embedded store is kept; and a word for a key that nobody has, of which versitygw has one of its own."""
OF_SECRETS = (
    f"{WRONG_KEYS}[change0-correct s3_secret_key]",
    "test_webhook.py::test_a_failed_run_is_told_once_and_without_secrets",
)
"""What fails for a wrong secret: LocalStack looks at none."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        program = versitygw.build()
    except (SetupError, subprocess.CalledProcessError) as reason:
        pytest.skip(f"versitygw can not be built: {reason}")
    with versitygw.running(program, tmp_path_factory.mktemp("versitygw")) as url:
        yield url


@pytest.fixture(scope="module")
def like_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        python = localstack.install()
    except subprocess.SubprocessError as reason:
        pytest.skip(f"LocalStack can not be installed: {reason}")
    with localstack.running(python, tmp_path_factory.mktemp("localstack")) as url:
        yield url


def test_backups_on_versitygw(gateway: str, tmp_path: Path) -> None:
    run_apart([str(FOLDER), *left_out(OF_SEAWEEDFS)], tmp_path, **{GIVEN_STORE: gateway})


def test_backups_on_localstack(like_aws: str, tmp_path: Path) -> None:
    run_apart([str(FOLDER), *left_out(OF_SEAWEEDFS + OF_SECRETS)], tmp_path, **{GIVEN_STORE: like_aws})


def test_a_bucket_on_localstack(like_aws: str) -> None:
    """All that a bucket of ours is set to is taken, and read back as it was set; its lock holds."""
    given = given_store(like_aws)
    client = store.client(given.endpoint, "us-east-1", given.identity.access_key, given.identity.secret_key)
    people = (store_policies.JOB, store_policies.PRUNER)
    policy = store_policies.of_bucket("made-here", {name: f"arn:aws:iam::000000000000:user/{name}" for name in people})
    wanted = settings.Settings(
        versioning=True, object_lock_days=2, abort_multipart_days=7, block_public_access=True, policy=policy
    )
    store.make(client, "made-here", "us-east-1", "project/stack/backups", lockable=True)
    assert settings.apply(client, "made-here", wanted) == {}
    assert settings.read(client, "made-here") == wanted
    version = client.put_object(Bucket="made-here", Key="one", Body=b"x")["VersionId"]
    with pytest.raises(ClientError, match="object lock"):
        client.delete_object(Bucket="made-here", Key="one", VersionId=version)
    store.empty(client, "made-here", locked=True)
    client.delete_bucket(Bucket="made-here")
    assert not store.exists(client, "made-here")


def left_out(tests: tuple[str, ...]) -> list[str]:
    return [f"--deselect={FOLDER / test}" for test in tests]
