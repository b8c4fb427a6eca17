"""What the pruner deletes is decided by keys and the store's own times: a manifest may say what it likes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from infra import store_policies
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import Names, moment, stamp
from infra.backup_job.prune import Pruned, as_pruner, prune
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET, S3Server, client_of
from tests.backup.test_proof import TRAP
from tests.conftest import Database

NONE = {"hourly": 0, "daily": 0, "weekly": 0, "monthly": 0, "yearly": 0}
OLD, FAR = "20200101_000000", "29990101_000000"

Forgery = Callable[[Names, Manifest], tuple[str, dict[str, Any]]]
"""Given a proven backup: the stamp of the forged manifest's key, and how it differs from the proven one."""


def own_parts(names: Names, manifest: Manifest, when: str) -> dict[str, Any]:
    keys = dict(zip(("data", "schema_sql", "globals"), names.parts(when), strict=True))
    return {part: getattr(manifest, part).model_copy(update={"key": key}) for part, key in keys.items()}


FORGERIES: dict[str, Forgery] = {
    "how all keys begin": lambda names, manifest: (
        OLD,
        {
            **own_parts(names, manifest, OLD),
            "stamp": OLD,
            "started": moment(OLD),
            "data": manifest.data.model_copy(update={"key": names.data_start}),
        },
    ),
    "another backup's objects": lambda *_: (OLD, {"stamp": OLD, "started": moment(OLD)}),
    "another backup's stamp": lambda *_: (OLD, {"started": moment(OLD)}),
    "the place of a real one": lambda names, manifest: (
        FAR,
        {**own_parts(names, manifest, FAR), "stamp": FAR, "started": moment(FAR)},
    ),
    "another time than its stamp": lambda names, manifest: (
        OLD,
        {**own_parts(names, manifest, OLD), "stamp": OLD, "started": moment(FAR)},
    ),
}


@pytest.fixture
def pruned(job: Job, s3_server: S3Server) -> Job:
    """A job whose pruner keeps the last two backups."""
    keys = s3_server.keys(store_policies.PRUNER)
    job.set(
        prune_access_key=keys.access_key, prune_secret_key=keys.secret_key, retention={"last": 2, **NONE}, proof="read"
    )
    return job


def prune_in(job: Job, days: int) -> Pruned:
    return prune(as_pruner(job.settings), dry_run=False, now=datetime.now(UTC) + timedelta(days=days))


def test_a_forged_manifest_has_no_backup_deleted(pruned: Job, s3_server: S3Server, database: Database) -> None:
    proven = []
    for _ in range(2):
        pruned.good("run")
        proven.append(pruned.manifest())
    before = pruned.objects()
    as_job = client_of(s3_server.endpoint, s3_server.keys(store_policies.JOB))
    for forgery, make in FORGERIES.items():
        when, changes = make(pruned.names, proven[0])
        key = pruned.names.manifest(when)
        as_job.put_object(Bucket=BUCKET, Key=key, Body=proven[0].model_copy(update=changes).to_bytes())
        done = prune_in(pruned, 2)
        assert list(done.doubted) == [when], forgery
        assert sorted(done.stay) == [manifest.stamp for manifest in proven], forgery
        assert done.went == done.unproven == [], forgery
        s3_server.client.delete_object(Bucket=BUCKET, Key=key)
        assert pruned.objects() == before, forgery
    as_job.close()
    assert database


def test_a_neighbour_of_the_pointer_does_not_make_it_a_former_one(pruned: Job, database: Database) -> None:
    pruned.good("run")
    pointer = pruned.latest()
    for key in (pruned.names.latest, pruned.names.manifest(stamp(datetime.now(UTC)))):
        pruned.client.put_object(Bucket=BUCKET, Key=f"{key}0", Body=b"x")
    pruned.good("prune")
    assert pruned.latest() == pointer
    pruned.good("list")
    assert database


def test_what_an_unproven_run_left_goes_a_day_later(pruned: Job, filled: Database) -> None:
    pruned.set(proof="restore")
    with psycopg.connect(filled.owner_url, autocommit=True) as owner:
        owner.execute("SET search_path = public")
        owner.execute(TRAP)
        pruned.refused("run", code=3)
        left = pruned.objects()
        assert [key.partition("/")[0] for key in left] == ["data", "globals", "schema"]
        owner.execute("DROP TABLE said, words")
        owner.execute("DROP FUNCTION known")
    pruned.good("run")
    assert prune_in(pruned, 0).unproven == []
    assert set(left) < set(pruned.objects())
    (gone,) = prune_in(pruned, 2).unproven
    assert all(gone in key for key in left)
    assert not set(left) & set(pruned.objects())
    pruned.good("verify")
