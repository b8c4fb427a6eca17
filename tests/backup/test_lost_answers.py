"""A store whose answers are lost, or that is too busy for a while: what is stored counts, what is not is told."""

import pytest

from infra.backup_job.errors import ConflictError
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET, S3Server
from tests.backup.troubled_store import BUSY, LOSE, troubled
from tests.conftest import Database

CONDITIONAL = ("PUT object if", "POST uploadId if")


def lose_first(kind: str, before: int) -> str | None:
    return LOSE if kind in CONDITIONAL and before == 0 else None


def lose_each_first(kind: str, before: int) -> str | None:
    return LOSE if kind in CONDITIONAL and before % 2 == 0 else None


def test_a_run_whose_answers_are_lost_is_a_backup(job: Job, s3_server: S3Server, filled: Database) -> None:
    """Of each conditional write the first answer is lost: the schema, the globals, the data, the manifest, latest."""
    with troubled(s3_server.endpoint, lose_each_first) as (endpoint, seen):
        job.set(s3_endpoint=endpoint)
        job.good("run")
    assert seen["PUT object if"] == 8
    assert seen["POST uploadId if"] == 2
    job.set(s3_endpoint=s3_server.endpoint)
    assert job.open_uploads() == 0
    assert "is whole" in job.good("verify")
    assert filled


def test_an_object_of_somebody_else_is_a_conflict_all_the_same(job: Job, s3_server: S3Server) -> None:
    key = job.names.latest
    job.client.put_object(Bucket=BUCKET, Key=key, Body=b"theirs")
    with troubled(s3_server.endpoint, lose_first) as (endpoint, seen):
        job.set(s3_endpoint=endpoint)
        with pytest.raises(ConflictError):
            ObjectStore(job.settings).put_new(key, b"ours")
        assert seen["PUT object if"] == 2
        with pytest.raises(ConflictError):  # nothing was sent again: it was there before
            ObjectStore(job.settings).put_new(key, b"theirs")
    assert job.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"theirs"


def test_a_storm_of_503s_that_passes_is_no_failure(job: Job, s3_server: S3Server, filled: Database) -> None:
    with troubled(s3_server.endpoint, lambda _kind, before: BUSY if before < 2 else None) as (endpoint, seen):
        job.set(s3_endpoint=endpoint)
        job.good("run")
    assert min(seen.values()) > 2
    job.set(s3_endpoint=s3_server.endpoint)
    assert "is whole" in job.good("verify")
    assert filled


@pytest.mark.parametrize("of", ["PUT partNumber", "POST uploadId if", "PUT object if", "PUT object copy"])
def test_a_storm_that_does_not_pass_is_told_and_nothing_is_lost(
    job: Job, s3_server: S3Server, filled: Database, of: str
) -> None:
    job.good("run")
    before = job.latest()
    with troubled(s3_server.endpoint, lambda kind, _before: BUSY if kind == of else None) as (endpoint, _):
        job.set(s3_endpoint=endpoint)
        assert "SlowDown" in job.refused("run")
    job.set(s3_endpoint=s3_server.endpoint)
    assert job.latest() == before
    assert job.open_uploads() == 0
    assert "is whole" in job.good("verify", "latest")
    assert filled
