"""A store's keys may be those of the surroundings, as on a machine with an AWS role: for the bucket and for the job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backup.conftest import s3_server
from tests.backup.s3_server import BUCKET as JOBS_BUCKET
from tests.backup.s3_server import S3Server
from tests.provider.pgstack.conftest import EXECUTABLE
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginError, start_plugin

__all__ = ["s3_server"]

BUCKET = "ambient-backups"


def surroundings(server: S3Server) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": server.identity.access_key, "AWS_SECRET_ACCESS_KEY": server.identity.secret_key}


def test_the_bucket_is_made_with_the_keys_of_the_surroundings(s3_server: S3Server, tmp_path: Path) -> None:
    asked = {"bucket": BUCKET, "endpoint": s3_server.endpoint, "forceDestroy": True}
    with start_plugin(EXECUTABLE, tmp_path, surroundings(s3_server)) as (client, _process):
        bucket = Managed(client, "s3:Bucket")
        bucket.create(**asked)
        assert BUCKET in [entry["Name"] for entry in s3_server.client.list_buckets()["Buckets"]]
        assert bucket.diff(**asked).changes == {}
        bucket.delete()


def test_wrong_keys_of_the_surroundings_are_told(s3_server: S3Server, tmp_path: Path) -> None:
    wrong = {"AWS_ACCESS_KEY_ID": "AKIA0000", "AWS_SECRET_ACCESS_KEY": "S3cret-of-nobody"}
    with start_plugin(EXECUTABLE, tmp_path, wrong) as (client, _process):
        with pytest.raises(PluginError, match=r"bucket ambient-backups at .*: the store refuses these keys") as caught:
            Managed(client, "s3:Bucket").create(bucket=BUCKET, endpoint=s3_server.endpoint)
        assert "S3cret" not in caught.value.message


def test_the_job_uses_them_as_well(s3_server: S3Server) -> None:
    settings = {
        "BACKUP_STACK": "test",
        "BACKUP_DATABASE_URL": "postgresql://u@h/d",
        "BACKUP_S3_ENDPOINT": s3_server.endpoint,
        "BACKUP_S3_BUCKET": JOBS_BUCKET,
        "BACKUP_PG_BIN": "/nowhere",
    }

    def listed(keys: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "infra.backup_job", "list"]
        environment = {**os.environ, **settings, **keys}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    right = listed(surroundings(s3_server))
    assert (right.returncode, right.stdout.strip()) == (0, f"no proven backup in bucket {JOBS_BUCKET} yet")
    wrong = listed({"AWS_ACCESS_KEY_ID": "AKIA0000", "AWS_SECRET_ACCESS_KEY": "S3cret-of-nobody"})
    assert wrong.returncode == 1
    assert "InvalidAccessKeyId" in wrong.stderr
    assert "S3cret" not in wrong.stderr
