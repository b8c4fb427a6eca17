"""`verify` reads a backup whole and names what is wrong with it; `status` tells monitors."""

import json
import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from infra.backup_job import catalog, status
from infra.backup_job.database import Programs
from infra.backup_job.errors import DamagedError
from infra.backup_job.manifest import LatestPointer, Proof, StoredObject
from infra.backup_job.report import as_text
from infra.backup_job.restore import Restorer
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore
from infra.backup_job.verify import verify
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.test_damage import body_of, flip
from tests.conftest import Database

FLIPS = 200


def verified(job: Job, stamp: str) -> None:
    store = ObjectStore(job.settings)
    manifest = catalog.find(store, job.names, stamp)
    programs = Programs(job.settings.pg_bin, job.settings.pg_environment)
    verify(Restorer(store, programs, manifest, as_text), job.names)


def test_every_flipped_bit_of_every_object_is_named(job: Job, filled: Database) -> None:
    job.good("run")
    manifest = job.manifest()
    verified(job, manifest.stamp)
    keys = [
        manifest.data.key,
        manifest.schema_sql.key,
        manifest.globals.key,
        job.names.manifest(manifest.stamp),
    ]
    bodies = {key: body_of(job, key) for key in keys}
    chance = random.Random(8)  # noqa: S311
    for number in range(FLIPS):
        key = keys[number % len(keys)]
        position = chance.randrange(len(bodies[key]) * 8)
        job.client.put_object(Bucket=BUCKET, Key=key, Body=flip(bodies[key], position))
        with pytest.raises(DamagedError, match=re.escape(key)):
            verified(job, manifest.stamp)
        job.client.put_object(Bucket=BUCKET, Key=key, Body=bodies[key])
    verified(job, manifest.stamp)
    assert filled


def test_a_missing_or_cut_part_is_named_and_hides_no_other_backup(job: Job, filled: Database) -> None:
    job.good("run")
    first = job.manifest()
    job.good("run")
    second = job.manifest()
    job.client.delete_object(Bucket=BUCKET, Key=first.globals.key)
    assert f"a part of backup {first.stamp} is missing: {first.globals.key}" in job.refused(
        "verify", first.stamp, code=3
    )
    body = body_of(job, second.data.key)
    job.client.put_object(Bucket=BUCKET, Key=second.data.key, Body=body[: len(body) // 2])
    assert f"{second.data.key} is damaged" in job.refused("verify", code=3)
    done = job.run("verify", "--all", "--json")
    assert done.returncode == 3
    answer = json.loads(done.stdout)
    assert answer["good"] is False
    assert [backup["stamp"] for backup in answer["backups"]] == [second.stamp, first.stamp]
    assert first.globals.key in done.stderr
    assert second.data.key in done.stderr
    assert filled


def test_a_good_backup_is_said_to_be_whole(job: Job, filled: Database) -> None:
    job.good("run")
    assert "is whole: 4 objects" in job.good("verify")
    assert json.loads(job.good("verify", "--all", "--json"))["good"] is True
    metrics = job.good("status", "--prometheus")
    assert 'agent_ecosystem_backup_status{stack="test"} 0' in metrics
    assert 'agent_ecosystem_backup_restored{stack="test"} 1' in metrics
    for line in metrics.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+\{stack=\"test\"\} [0-9.e+-]+", line), line
    assert filled


NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def pointer(job: Job, age: timedelta, method: str) -> LatestPointer:
    stored = StoredObject(key="k", size=1, sha256="0")
    return LatestPointer(
        stamp="20260101_000000",
        started=NOW - age,
        seconds=1,
        proof=Proof.model_validate({"method": method, "moment": NOW, "seconds": 1}),
        manifest=stored,
        data=stored,
        schema_sql=stored,
        identity=job.identity(),
    )


@pytest.mark.parametrize(
    ("age", "method", "level"),
    [
        (timedelta(hours=8), "restore", status.Level.FINE),
        (timedelta(hours=8), "read", status.Level.WARNING),
        (timedelta(hours=10), "restore", status.Level.WARNING),  # 03:17 has passed since
        (timedelta(hours=27), "restore", status.Level.CRITICAL),
        (timedelta(hours=-2), "restore", status.Level.CRITICAL),  # a clock was wrong
    ],
)
def test_the_verdicts(job: Job, age: timedelta, method: str, level: status.Level) -> None:
    settings: Settings = job.settings
    assert status.judge(settings, pointer(job, age, method), job.identity(), NOW).level is level
