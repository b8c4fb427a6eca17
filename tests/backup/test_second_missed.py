"""The second destination: what a run misses there, who is told, and what never shows."""

import json
from datetime import UTC, datetime, timedelta

import psutil

from infra.backup_job import second_status, status
from infra.backup_job.second_status import Second
from infra.backup_job.status import Level
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.second_destination import (
    PLAIN,
    There,
    elsewhere,
    events,
    missed,
    plain,
    pointer_of,
    silent,
    stamps,
    there,
)
from tests.backup.test_damage import body_of
from tests.backup.test_schedule import stopped, until
from tests.backup.test_secrets import arguments
from tests.backup.test_webhook import Hook, hook
from tests.conftest import Database
from tests.full_run import in_full

__all__ = ["elsewhere", "hook", "plain", "there"]


def test_a_second_store_that_is_down_costs_no_backup_and_the_next_run_catches_up(
    job: Job, there: There, hook: Hook, database: Database
) -> None:
    job.good("run")
    before, right = there.objects(), job.values["second_endpoint"]
    job.set(second_endpoint=silent(), failure_webhook=hook.url)
    done = job.run("run")
    stamp = job.manifest().stamp
    assert (done.returncode, done.stdout.strip()) == (0, f"s3://{BUCKET}/{job.manifest().data.key}")
    words = f"backup {stamp} is proven and the latest in the bucket, the second destination lacks one: "
    assert words in done.stderr
    assert "start it or correct second_endpoint; the next run copies what is missing" in done.stderr
    ((_, _, told),) = hook.calls()
    assert told["event"] == "second copy failed"
    assert words in told["error"]
    job.good("verify")
    warned = job.run("status")
    assert warned.returncode == 1
    assert f"the second destination does not tell what it has: {job.names.latest} can not be read" in warned.stdout
    assert "correct second_endpoint" in warned.stdout
    job.good("status", "--healthy")
    assert 'second_copied{stack="test"} 0' in job.run("status", "--prometheus").stdout
    assert there.objects() == before
    job.set(second_endpoint=right)
    job.good("run")
    assert there.objects() == job.objects()
    assert job.good("status").startswith("good: ")
    assert len(hook.calls()) == 0
    assert database


@in_full
def test_what_was_missed_is_copied_newest_first(job: Job, there: There, database: Database) -> None:
    older = [job.good("run") and job.manifest().stamp, missed(job), missed(job)]
    done = job.run("run", "--json")
    newest = job.manifest().stamp
    copied = [line["stamp"] for line in events(done.stdout, "copied to the second destination")]
    assert copied == [newest, older[2], older[1]]
    assert stamps(job, "--from", "second") == [*copied, older[0]]
    assert job.good("verify", "--all", "--from", "second").count("is whole") == 4
    pointer = pointer_of(job)
    assert pointer is not None
    assert pointer.stamp == newest
    assert there.objects() == job.objects()
    assert database


def test_backups_from_before_its_first_copy_are_not_copied(job: Job, there: There, database: Database) -> None:
    """What its own rules took away, the oldest first, would come back with every run."""
    missed(job)
    job.good("run")
    assert stamps(job, "--from", "second") == [job.manifest().stamp]
    assert len(there.objects()) == len(job.objects()) - 4
    assert database


def test_status_warns_of_a_backup_that_does_not_come_there(job: Job, plain: There, database: Database) -> None:
    job.good("run")
    for key in plain.objects():
        plain.delete(f"{plain.prefix}/{key}")
    now = datetime.now(UTC)
    assert status.read(job.settings, job.identity(), now).level is Level.FINE  # it may be on its way
    found = status.read(job.settings, job.identity(), now + timedelta(hours=1, minutes=1))
    stamp = job.manifest().stamp
    assert found.level is Level.WARNING
    assert f"backup {stamp} is not in the second destination, bucket {PLAIN} (it has none)" in found.reason
    assert second_status.read(job.settings) == Second(PLAIN, None)
    job.set(second_bucket="no-such-bucket")
    warned = job.run("status")
    assert warned.returncode == 1
    assert "create the bucket, which is yours to make, or correct second_bucket" in warned.stdout
    assert json.loads(job.run("status", "--json").stdout)["second"]["copied"] is False
    assert database


def test_the_schedule_goes_on_after_a_copy_that_failed(job: Job, there: There, database: Database) -> None:
    job.set(second_endpoint=silent())
    process = job.start("schedule")
    seen = [line["event"] for line in until(process, "next backup")]
    assert seen[-3:] == ["backup is the latest", "second copy failed", "next backup"]
    stopped(process)
    assert there.objects() == []
    assert database


def test_without_a_second_destination_there_is_none_to_read(job: Job, database: Database) -> None:
    job.good("run")
    for command in ("list", "verify", "restore"):
        assert "there is no second destination: set second_bucket" in job.refused(command, "--from", "second")
    assert json.loads(job.good("status", "--json"))["second"] is None
    assert "backup_second_" not in job.good("status", "--prometheus")
    assert database


def test_its_keys_show_nowhere(job: Job, there: There, database: Database) -> None:
    secrets = [job.values["second_secret_key"], job.values["second_access_key"]]
    seen = ""
    for values in ({}, {"second_bucket": "no-such-bucket"}):
        job.set(**values)
        process = job.start("run", "--json")
        seen += arguments(psutil.Process(process.pid))
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        seen += out + err
        for command in (["status", "--json"], ["list", "--json", "--from", "second"]):
            done = job.run(*command)
            seen += done.stdout + done.stderr
    bodies = b"".join(there.body(f"{there.prefix}/{key}") for key in there.objects())
    bodies += b"".join(body_of(job, f"{there.prefix}/{key}") for key in job.objects())
    assert "backup is the latest" in seen
    assert bodies
    assert [number for number, secret in enumerate(secrets) if secret in seen or secret.encode() in bodies] == []
    assert database
