"""The copies that `latest` is: made in parts where they are large, and what a killed run left of one goes."""

import os

import pytest

from infra.backup_job import store as job_store
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.conftest import Database

MIB = 1024 * 1024


def test_a_copy_in_parts_is_the_same(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_store, "COPY_PART", 5 * MIB)
    store, body = ObjectStore(job.settings), os.urandom(12 * MIB)
    stored = store.put_new(job.names.data("20261128_031700"), body)
    for _ in range(2):  # also over what is there
        store.copy(stored, job.names.latest_data)
    answer = job.client.get_object(Bucket=BUCKET, Key=job.names.latest_data)
    assert answer["Body"].read() == body
    assert answer["ETag"].strip('"').endswith("-3")
    assert store.open_uploads(job.names.prefix) == []


def test_what_a_killed_run_left_of_a_copy_goes_with_the_next(job: Job, database: Database) -> None:
    key = job.names.latest_data
    identifier = job.client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    job.client.upload_part(Bucket=BUCKET, Key=key, UploadId=identifier, PartNumber=1, Body=b"x")
    elsewhere = f"{job.names.prefix}-of-another/data/latest_data_backup.dump.zst"
    job.client.create_multipart_upload(Bucket=BUCKET, Key=elsewhere)
    done = job.run("run")
    assert "aborted the uploads that killed runs left: uploads 1" in done.stderr
    store = ObjectStore(job.settings)
    assert [found[0] for found in store.open_uploads(job.names.prefix)] == [elsewhere]
    store.abort_uploads(elsewhere)
    assert database
