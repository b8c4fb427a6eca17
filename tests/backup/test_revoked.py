"""Keys and roles revoked in the middle of a run: it is told with what to do, latest stays, the next run clears up."""

from pathlib import Path

import botocore.exceptions
import psycopg
import pytest
from psycopg import sql

from infra import store_policies
from tests.backup.conftest import Job, job_values
from tests.backup.held import held_before_the_dump
from tests.backup.s3_server import BUCKET, S3Server, client_of
from tests.backup.troubled_store import troubled
from tests.conftest import Database, Server
from tests.full_run import in_full
from tests.waiting import wait_until

MOMENTS = {
    "between the parts of the dump": ("PUT partNumber", 1),
    "before the manifest": ("PUT object if", 2),
    "before the copies of the latest": ("HEAD object", 0),
    "before the pointer": ("PUT object if", 3),
}
"""By the kind of request before which the keys are revoked, and how many of that kind come first."""
FIRST, *LATER = MOMENTS


def revoke(store: S3Server) -> None:
    """Give everybody who may call the store new keys; return once the old ones are good for nothing."""
    before = store.keys(store_policies.JOB)
    store.store.rotate()
    store.store.reread()
    client = client_of(store.endpoint, before)

    def refused() -> bool:
        try:
            client.list_objects_v2(Bucket=BUCKET, MaxKeys=1)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"] == "InvalidAccessKeyId"
        return False

    wait_until(refused, "the store refuses the former keys")


@pytest.mark.parametrize("moment", [FIRST, *(pytest.param(later, marks=in_full) for later in LATER)])
def test_keys_of_the_store(moment: str, fragile_store: S3Server, server: Server, big: Database, tmp_path: Path) -> None:
    job = Job(tmp_path / "job.json", job_values(server, fragile_store, BUCKET, big), fragile_store.client)
    job.set()
    kind, before = MOMENTS[moment]

    def trouble(asked: str, came: int) -> None:
        if (asked, came) == (kind, before):
            revoke(fragile_store)

    try:
        job.good("run")
        first = job.latest()
        with troubled(fragile_store.endpoint, trouble) as (endpoint, _):
            job.set(s3_endpoint=endpoint)
            said = job.refused("run")
        assert "correct s3_access_key" in said
        keys = fragile_store.keys(store_policies.JOB)
        job.set(s3_endpoint=fragile_store.endpoint, s3_access_key=keys.access_key, s3_secret_key=keys.secret_key)
        assert job.latest() == first
        assert "is whole" in job.good("verify", "latest")
        left = job.open_uploads()
        assert left == (moment == "between the parts of the dump")
        done = job.run("run")
        assert done.returncode == 0, done.stderr
        assert ("aborted the uploads that killed runs left: uploads 1" in done.stderr) == bool(left)
        assert job.open_uploads() == 0
        assert job.latest() != first
        job.good("verify", "--all")
    finally:
        job.stop()


@pytest.mark.parametrize(
    ("revoked", "told"),
    [("NOLOGIN", "is not permitted to log in"), ("PASSWORD 'another'", "password authentication failed")],
)
def test_the_role_of_the_database(revoked: str, told: str, job: Job, filled: Database, server: Server) -> None:
    job.good("run")
    first, objects = job.latest(), job.objects()
    with psycopg.connect(server.url(), autocommit=True) as admin:
        try:
            with held_before_the_dump(job, filled):
                admin.execute(f"ALTER ROLE backup {revoked}".encode())
            _, said = job.started[-1].communicate(timeout=120)
        finally:
            again = sql.SQL("ALTER ROLE backup LOGIN PASSWORD {}").format(sql.Literal(server.password))
            admin.execute(again)
    assert job.started[-1].returncode == 1, said
    assert told in said
    assert "correct database_url, or give its role its login back" in said
    assert job.latest() == first
    assert job.objects() == objects
    assert job.open_uploads() == 0
    job.good("run")
    assert job.latest() != first
