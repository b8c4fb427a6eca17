"""Timeouts that somebody set for queries of agents: they are none of a backup's business."""

from urllib.parse import urlsplit

import psycopg
import pytest

from infra.backup_job import database as job_database
from infra.backup_job import facts
from infra.backup_job.errors import BackupError
from tests.backup.conftest import Job
from tests.conftest import Database, Server


def test_a_role_with_timeouts_takes_backups_all_the_same(
    job: Job, database: Database, server: Server, restored: list[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE public.many AS SELECT i FROM generate_series(1, 1000000) AS i")
        for setting in ("statement_timeout = '10ms'", "transaction_timeout = '200ms'", "lock_timeout = '1ms'"):
            admin.execute(f"ALTER ROLE backup IN DATABASE {database.name} SET {setting}")
    with psycopg.connect(database.backup_url) as backup, pytest.raises(psycopg.errors.QueryCanceled):
        backup.execute("SELECT count(*) FROM public.many")
    job.good("run")
    restored.append(urlsplit(job.good("restore").strip()).path.removeprefix("/"))
    with psycopg.connect(server.url(restored[0])) as connection:
        assert connection.execute("SELECT count(*) FROM public.many").fetchone() == (1_000_000,)


def test_a_locked_table_is_waited_for_so_long_only(database: Database) -> None:
    with psycopg.connect(database.admin_url) as admin, job_database.connect(database.backup_url) as connection:
        admin.execute("CREATE TABLE public.held ()")
        admin.commit()
        admin.execute("LOCK TABLE public.held")
        with connection.transaction(force_rollback=True):
            job_database.limit_lock_waits(connection, 0.2)
            with pytest.raises(BackupError, match=r"rows of public\.held can not be counted: .*lock timeout"):
                facts.contents(connection)
        shown = connection.execute("SHOW lock_timeout").fetchone()
        assert shown is not None
        assert shown["lock_timeout"] == "0"
