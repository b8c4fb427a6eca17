"""The long-running form."""

import json
import signal
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.backup_job.schedule import next_due
from tests.backup.conftest import Job
from tests.backup.held import held_dump
from tests.conftest import Database


def until(process: subprocess.Popen[str], event: str) -> list[dict[str, Any]]:
    """Return the log up to `event`."""
    seen: list[dict[str, Any]] = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["event"] == event:
            return seen
    raise AssertionError(f"it ended without {event!r}: {seen} {process.stderr and process.stderr.read()}")


def stopped(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return out


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, "2026-01-01T12:00", "2026-01-01T12:00"),  # none yet: at once
        ("2026-01-01T03:00", "2026-01-01T12:00", "2026-01-02T03:00"),
        ("2025-12-30T03:00", "2026-01-01T12:00", "2026-01-01T12:00"),  # missed: at once
        ("2026-01-01T02:59", "2026-01-01T02:59", "2026-01-01T03:00"),
    ],
)
def test_when_a_backup_is_due(last: str | None, now: str, due: str) -> None:
    assert next_due("0 3 * * *", at(last) if last else None, at(now)) == at(due)


def test_the_first_start_takes_a_backup_and_the_next_waits(job: Job, database: Database) -> None:
    process = job.start("schedule")
    events = [line["event"] for line in until(process, "next backup")]
    assert "catching up" in events
    assert "backup is the latest" in events
    stopped(process)
    assert job.latest() is not None

    again = job.start("schedule")
    assert [line["event"] for line in until(again, "next backup")] == ["schedule started", "next backup"]
    stopped(again)
    assert database


def test_a_failed_backup_is_told_and_tried_again_ever_later(job: Job, database: Database) -> None:
    right = job.values["s3_bucket"]
    job.set(s3_bucket="no-such-bucket")
    process = job.start("schedule")
    waits = [until(process, "backup failed")[-1] for _ in range(3)]
    assert [line["retry_in_seconds"] for line in waits] == [0.2, 0.4, 0.8]
    assert "correct s3_bucket" in waits[0]["error"]
    assert process.poll() is None
    stopped(process)
    job.set(s3_bucket=right)
    assert database


def test_it_survives_its_own_failed_run(job: Job, big: Database) -> None:
    process = job.start("schedule")
    held_dump(process).kill()
    assert "pg_dump was killed" in until(process, "backup failed")[-1]["error"]
    until(process, "backup is the latest")
    stopped(process)
    assert big


def test_sigterm_in_the_middle_of_a_run_aborts_it(job: Job, big: Database) -> None:
    process = job.start("schedule")
    dump = held_dump(process)
    stopped(process)
    assert job.open_uploads() == 0
    assert job.latest() is None
    assert not dump.is_running()
    assert big
