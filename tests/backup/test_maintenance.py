"""The schedule's other job, on a real database: beside the backups, during them, and whatever of it fails."""

import subprocess
import time
from typing import Any

import psycopg
import pytest

from infra.backup_job.duties import EACH_HOUR, EACH_ROUND
from tests.backup.conftest import Job
from tests.backup.held import held_dump
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database
from tests.schema.ecosystem.conftest import apply_schema, connect

WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'agent-ecosystem maintenance' AND wait_event_type = 'Lock'
"""
STALE = "UPDATE agent_registry SET status = 'online', last_heartbeat_at = '2000-01-01'"


@pytest.fixture
def living(database: Database, job: Job) -> Database:
    """The database with the ecosystem's schema and an agent that was last heard of long ago; rounds are short."""
    apply_schema(database.owner_url)
    with connect(database.owner_url) as owner:
        owner.execute("SELECT register_agent('silent', 'executor', '1.8.3')")
        owner.execute(STALE)
    job.set(maintenance_seconds=0.1)
    return database


def until_duty(process: subprocess.Popen[str], event: str, duty: str) -> dict[str, Any]:
    """Return the next line that says `event` of `duty`."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        line = until(process, event)[-1]
        if line["duty"] == duty:
            return line
    raise AssertionError(f"a minute without {event!r} of {duty}")


def run(database: Database, statement: str) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("SET search_path = public, extensions")
        owner.execute(statement.encode())


def test_duties_are_done_in_rounds_and_what_they_changed_is_told(job: Job, living: Database) -> None:
    process = job.start("schedule")
    line = until_duty(process, "maintenance", "mark_stale_agents")
    assert line["changed"] == 1
    assert line["seconds"] >= 0
    assert until_duty(process, "maintenance", "maintain_partitions")["changed"] >= 6
    run(living, STALE)
    assert until_duty(process, "maintenance", "mark_stale_agents")["changed"] == 1
    stopped(process)


def test_it_goes_on_while_a_backup_is_under_way(job: Job, living: Database, big: Database) -> None:
    process = job.start("schedule")
    dump = held_dump(process)
    run(living, STALE)
    assert until_duty(process, "maintenance", "mark_stale_agents")["changed"] == 1
    dump.resume()
    until(process, "backup is the latest")
    stopped(process)
    assert big


def test_a_duty_that_fails_stops_neither_the_others_nor_the_backups(job: Job, living: Database) -> None:
    run(living, "ALTER FUNCTION mark_stale_agents RENAME TO mark_stale_agents_away")
    process = job.start("schedule")
    failed = until_duty(process, "maintenance failed", "mark_stale_agents")
    assert "mark_stale_agents() does not exist" in failed["error"]
    assert failed["retry_in_seconds"] == 0.1
    assert until_duty(process, "maintenance", "maintain_partitions")["changed"] >= 6
    until(process, "backup is the latest")
    run(living, "ALTER FUNCTION mark_stale_agents_away RENAME TO mark_stale_agents")
    assert until_duty(process, "maintenance", "mark_stale_agents")["changed"] == 1
    stopped(process)


def test_a_login_that_may_not_is_told_what_it_lacks(job: Job, living: Database) -> None:
    run(living, "REVOKE EXECUTE ON FUNCTION maintain FROM maintenance")
    process = job.start("schedule")
    failed = {line["duty"]: line["error"] for line in (until(process, "maintenance failed")[-1] for _ in range(7))}
    assert failed.keys() == {*EACH_ROUND, *EACH_HOUR}
    assert "permission denied for function maintain" in failed["seal"]
    assert 'GRANT maintenance TO "backup"' in failed["seal"]
    until(process, "backup is the latest")
    stopped(process)


def test_without_a_server_it_is_told_and_tried_again(job: Job, living: Database) -> None:
    job.set(database_url=living.backup_url.replace(living.name, "no_such_database"))
    process = job.start("schedule")
    failed = [until(process, "maintenance failed")[-1] for _ in range(2)]
    assert all("no_such_database" in line["error"] for line in failed)
    stopped(process)


def test_none_where_none_is_wanted(job: Job, living: Database) -> None:
    job.set(maintenance_seconds=0)
    process = job.start("schedule")
    events = [line["event"] for line in until(process, "next backup")]
    stopped(process)
    assert "backup is the latest" in events
    assert not [event for event in events if "maintenance" in event]
    with connect(living.owner_url) as owner:
        assert owner.execute("SELECT status FROM agent_registry").fetchone() == ("online",)


def test_a_duty_that_waits_does_not_hold_up_the_end(job: Job, living: Database) -> None:
    with connect(living.owner_url) as owner:
        owner.execute("LOCK TABLE agent_registry IN ACCESS EXCLUSIVE MODE")
        process = job.start("schedule")
        with psycopg.connect(living.admin_url, autocommit=True) as watching:
            while watching.execute(WAITS).fetchone() == (0,):
                assert process.poll() is None
        stopped(process)
