"""What rewrites a table while a backup begins: it waits, or the backup has the rows as they are afterwards."""

import contextlib
import subprocess
import threading

import psycopg
import pytest

from infra.backup_job import database, facts, snapshot
from infra.backup_job.errors import BackupError
from tests.backup.conftest import Job
from tests.backup.held import held
from tests.conftest import Database
from tests.waiting import wait_until

REWRITE = "ALTER TABLE public.rewritten ALTER COLUMN id TYPE bigint"
ROWS = {"public.rewritten": 100}


@pytest.fixture
def rewritten(database: Database) -> Database:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.rewritten AS SELECT n::integer AS id FROM generate_series(1, 100) AS n")
    return database


def wait_for_a_waiting_session(made: Database) -> None:
    """Return once the job, or a program of it, waits for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND application_name IN ('agent-ecosystem backup', 'pg_dump')"
    )
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        wait_until(lambda: admin.execute(query).fetchone() == (1,), "the job waits for a lock")


def ended(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def test_a_rewrite_that_was_under_way_is_in_the_backup(job: Job, rewritten: Database) -> None:
    with psycopg.connect(rewritten.owner_url) as owner:
        owner.execute(REWRITE)
        process = job.start("run")
        wait_for_a_waiting_session(rewritten)
    ended(process)
    assert job.manifest().contents.rows == ROWS


def test_a_rewrite_that_comes_after_the_snapshot_waits(job: Job, rewritten: Database) -> None:
    """pg_dump is held before it has any lock of its own."""
    process = job.start("run")
    dump = held(process, "--schema-only", lambda _: True)
    with psycopg.connect(rewritten.owner_url) as owner:
        owner.execute("SET lock_timeout = '1s'")
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            owner.execute(REWRITE)
    dump.resume()
    ended(process)
    assert job.manifest().contents.rows == ROWS


def test_a_table_that_stays_locked_is_named(job: Job, rewritten: Database) -> None:
    job.set(lock_wait_seconds=0.3)
    with psycopg.connect(rewritten.owner_url) as owner:
        owner.execute(REWRITE)
        refusal = job.refused("run")
    assert "table public.rewritten stayed locked for 0.3 s (lock_wait_seconds)" in refusal
    assert job.objects() == []
    job.good("run")


def test_a_table_made_or_dropped_meanwhile_is_no_gap(rewritten: Database) -> None:
    """What was listed waits for its lock; by then another table is there, and one is gone."""
    query = (
        "SELECT relation::regclass::text AS relation FROM pg_locks "
        "WHERE mode = 'AccessShareLock' AND relation::regclass::text LIKE %s"
    )
    found: list[str] = []

    def take() -> None:
        with database.connect(rewritten.backup_url) as connection, snapshot.locked(connection, 60):
            found.extend(row["relation"] for row in connection.execute(query, ["public.%"]).fetchall())

    with psycopg.connect(rewritten.owner_url, autocommit=True) as other:
        other.execute("CREATE TABLE public.short (id integer)")
        with psycopg.connect(rewritten.owner_url) as owner:
            owner.execute(REWRITE)
            taking = threading.Thread(target=take)
            taking.start()
            wait_for_a_waiting_session(rewritten)
            other.execute("CREATE TABLE public.added (id integer) PARTITION BY LIST (id)")
            other.execute("DROP TABLE public.short")
    taking.join(60)
    assert sorted(found) == ["public.added", "public.rewritten"]


def test_tables_that_never_stay_are_told(rewritten: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(range(100))
    monkeypatch.setattr(facts, "lockable", lambda _: {next(looks): ("public", "rewritten")})
    with (
        database.connect(rewritten.backup_url) as connection,
        pytest.raises(BackupError, match="tables came or went each of 5 times"),
        snapshot.locked(connection, 60),
    ):
        pass
