"""A pointer to the latest backup that is damaged, or from a clock that was wrong: it is told, and stops no backup."""

import json
from datetime import UTC, datetime, timedelta

import psycopg

from infra.backup_job import latest
from infra.backup_job.names import moment, stamp
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.test_proof import TRAP
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database

FUTURE = "29300101_000000"


def write_pointer(job: Job, body: bytes) -> None:
    job.client.put_object(Bucket=BUCKET, Key=job.names.latest, Body=body)


def from_the_future(job: Job) -> None:
    """Leave what a run by a clock that was far ahead leaves: manifest and pointer."""
    manifest = job.manifest().model_copy(update={"stamp": FUTURE, "started": moment(FUTURE)})
    job.client.put_object(Bucket=BUCKET, Key=job.names.manifest(FUTURE), Body=manifest.to_bytes())
    pointer = job.latest()
    assert pointer is not None
    write_pointer(job, pointer.model_copy(update={"stamp": FUTURE, "started": moment(FUTURE)}).to_bytes())


def test_a_clock_that_was_ahead_is_critical_and_stops_no_backup(job: Job, database: Database) -> None:
    job.set(proof="read", schedule="0 0 1 1 *")
    job.good("run")
    from_the_future(job)
    done = job.run("status", "--json")
    assert done.returncode == 2
    assert "its moment lies in the future" in json.loads(done.stdout)["reason"]
    process = job.start("schedule")
    seen = until(process, "backup is the latest")
    stopped(process)
    (told,) = [line for line in seen if line["event"] == "the pointer to the latest backup does not count"]
    assert f"{FUTURE}, lies in the future" in told["reason"]
    pointer = job.latest()
    assert pointer is not None
    assert pointer.stamp < FUTURE
    job.good("run")
    assert database


def test_a_damaged_pointer_is_replaced_by_the_next_proven_backup(job: Job, database: Database) -> None:
    job.set(proof="read", schedule="0 0 1 1 *")
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    no_moment = pointer.model_copy(update={"stamp": "20261332_000000"})
    for command, body in {"run": b"{}", "schedule": no_moment.to_bytes()}.items():
        write_pointer(job, body)
        assert "latest.json is damaged" in job.refused("status", code=3)
        listed = job.run("list")
        assert (listed.returncode, "replaces it" in listed.stderr) == (3, True)
        assert len(listed.stdout.splitlines()) > 1, "the backups that are there are listed"
        if command == "run":
            job.good("run")
        else:
            process = job.start("schedule")
            until(process, "backup is the latest")
            stopped(process)
        job.good("verify")
    assert database


def test_a_damaged_pointer_does_not_move_backwards(job: Job, database: Database) -> None:
    """What is the latest is then what the manifests say; the refusal comes before the dump."""
    job.set(proof="read")
    job.good("run")
    newer = stamp(datetime.now(UTC) + timedelta(minutes=3))
    job.client.put_object(Bucket=BUCKET, Key=job.names.manifest(newer), Body=job.manifest().to_bytes())
    write_pointer(job, b"{}")
    before = job.objects()
    assert f"latest already is the backup of {newer}" in job.refused("run")
    assert job.objects() == before
    assert database


def test_two_backups_of_a_second_have_stamps_of_their_own(job: Job, database: Database) -> None:
    """The second waits until its own second begins."""
    job.set(proof="read")
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    taken = datetime.now(UTC) + timedelta(seconds=1)
    write_pointer(job, pointer.model_copy(update={"stamp": stamp(taken), "started": taken}).to_bytes())
    started, found = latest.begin(ObjectStore(job.settings), job.names)
    assert found.pointer is not None
    assert stamp(started) > found.pointer.stamp == stamp(taken)
    assert database


def test_what_does_not_restore_is_not_dumped_again_before_its_time(job: Job, database: Database) -> None:
    job.set(schedule="0 0 1 1 *")
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(TRAP)
    process = job.start("schedule")
    first, second = (until(process, "backup failed")[-1] for _ in range(2))
    assert "is no backup, `latest` stays" in first["error"]
    assert first["retry_in_seconds"] < 60, "the server that proves may have been stopped"
    assert second["retry_in_seconds"] > 60
    stopped(process)
