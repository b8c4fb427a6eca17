"""Restores that meet a database of the name they wanted: it is somebody else's, and stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from infra.backup_job import new_database
from infra.backup_job.errors import BackupError
from infra.backup_job.restore import Restorer
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job, programs
from tests.backup.test_damage import restored_databases
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server


class OneMoment(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: object = None) -> "OneMoment":
        assert tz is UTC
        return cls(2026, 11, 28, 3, 17, tzinfo=UTC)


def restorer_of(job: Job, told: list[str]) -> Restorer:
    def tell(event: str, **facts: object) -> None:
        told.append(f"{event}: {facts}")

    return Restorer(ObjectStore(job.settings), programs(job), job.manifest(), tell)


def test_restores_of_the_same_second_become_databases_of_their_own(
    job: Job, filled: Database, server: Server, restored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job.good("run")
    monkeypatch.setattr(new_database, "datetime", OneMoment)
    restorer = restorer_of(job, [])
    with ThreadPoolExecutor(3) as pool:
        urls = list(pool.map(restorer.into_new_database, [server.url()] * 3))
    first = f"{filled.name}_restored_20261128_031700"
    restored += [first, f"{first}_2", f"{first}_3"]
    assert sorted(url.partition("dbname=")[2].partition(" ")[0] for url in urls) == restored
    assert restored_databases(server) == restored
    for name in restored:
        assert content(server.url(name)) == content(filled.admin_url)


def test_a_database_that_was_there_is_not_dropped(
    job: Job, database: Database, server: Server, restored: list[str]
) -> None:
    job.good("run")
    restored.append(f"{database.name}_there")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {restored[0]}")
    scratch = restorer_of(job, []).into_scratch_database(server.url(), restored[0])
    with pytest.raises(BackupError, match="already exists"), scratch:
        pass
    with psycopg.connect(server.url(restored[0])) as connection:
        assert connection.info.dbname == restored[0]


def shut_out(admin: psycopg.Connection) -> None:
    admin.execute("ALTER ROLE restoring NOLOGIN")
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'restoring'")
    raise BackupError("the first one")


def test_a_server_that_does_not_let_it_drop_what_failed_hides_no_error(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    """The role loses its login while the restore is under way: both are told, and the first is the error."""
    job.good("run")
    told: list[str] = []
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE restoring SUPERUSER LOGIN PASSWORD 'x'")
        port = admin.info.port
        try:
            url = f"postgresql://restoring:x@127.0.0.1:{port}/postgres"
            scratch = restorer_of(job, told).into_scratch_database(url, f"{filled.name}_left")
            restored.append(f"{filled.name}_left")
            with pytest.raises(BackupError, match="the first one"), scratch:
                shut_out(admin)
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{filled.name}_left" WITH (FORCE)')
            admin.execute("DROP ROLE restoring")
    assert "the database of a failed restore stays" in told[-1]
    assert "is not permitted to log in" in told[-1]
