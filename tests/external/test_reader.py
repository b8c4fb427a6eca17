"""The login of backupDatabaseUrl: that it leads to the database of databaseUrl, seen on real servers and a standby."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from infra.embedded.cluster import Cluster
from infra.embedded.ports import free_port
from infra.preflight.finding import Finding, Wanted
from infra.preflight.run import preflight
from tests.supabase.emulation import ADMIN, SETTINGS, Supabase

WANTED = Wanted("public", (), (), "extensions")
READER = "supabase_read_only_user"
ELSEWHERE = "127.0.0.2"
"""This machine again, by an address that could be anybody's."""


@pytest.fixture(scope="module")
def project(start_supabase: Callable[..., Supabase]) -> Supabase:
    made = start_supabase(listen_addresses=f"127.0.0.1,{ELSEWHERE}")
    made.run("CREATE DATABASE other TEMPLATE template0")
    return made


@contextmanager
def standby_of(project: Supabase) -> Iterator[Supabase]:
    """Run a streaming standby of `project`, which sees the same rows a moment later."""
    primary = project.cluster
    folder = Path(tempfile.mkdtemp(prefix="ae-standby-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    primary.account.own(folder)
    standby = Cluster(primary.distribution, primary.account, folder)
    program = primary.distribution.program("pg_basebackup")
    try:
        subprocess.run(
            [program, f"--pgdata={standby.data}", "--write-recovery-conf", "--checkpoint=fast"],
            cwd=folder,
            env={
                **primary.distribution.environment(),
                "PGHOST": "127.0.0.1",
                "PGPORT": str(project.port),
                "PGUSER": ADMIN,
                "PGPASSWORD": project.password,
            },
            check=True,
            capture_output=True,
            **primary.account.process_options(),
        )
        port = free_port()
        standby.start(port, SETTINGS)
        yield replace(project, cluster=standby, port=port)
    finally:
        standby.remove()
        shutil.rmtree(folder, ignore_errors=True)


def said(project: Supabase, reader: str) -> list[Finding]:
    """Return what a preflight of `project` says of the login `reader`."""
    found = preflight(project.url(), replace(WANTED, backup_url=reader)).findings
    return [finding for finding in found if finding.subject == "backups"]


def test_the_same_database_is_said_to_be_it(project: Supabase) -> None:
    (finding,) = said(project, project.url(READER))
    assert str(finding) == f"backups: 127.0.0.1:{project.port}/postgres as {READER} is the same database"
    assert finding.level == "ok"


def test_another_database_of_the_server_is_refused(project: Supabase) -> None:
    (finding,) = said(project, project.url(READER, "other"))
    assert finding.level == "failure"
    assert f"127.0.0.1:{project.port}/other is not the database of databaseUrl: every backup" in finding.text
    assert "pulumi config set --secret backupDatabaseUrl" in finding.advice


def test_a_copy_of_the_server_is_refused_though_it_has_the_same_identifiers(
    project: Supabase, start_supabase: Callable[..., Supabase]
) -> None:
    copy = start_supabase()
    identifier = "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = 'postgres'"
    assert copy.rows(identifier) == project.rows(identifier)
    (finding,) = said(project, copy.url(READER))
    assert finding.level == "failure"
    assert f"127.0.0.1:{copy.port}/postgres is not the database of databaseUrl" in finding.text


def test_no_lock_stays_with_the_session_that_was_asked(project: Supabase) -> None:
    said(project, project.url(READER))
    assert project.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_a_standby_reads_for_backups_and_is_said_to_lag(project: Supabase) -> None:
    with standby_of(project) as standby:
        same, lags = said(project, standby.url(READER))
        (other,) = [finding for finding in said(project, standby.url(READER, "other")) if finding.level == "failure"]
        project.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        try:
            (untold, _) = said(project, standby.url(READER))
        finally:
            project.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
    assert (same.level, lags.level) == ("ok", "warning")
    assert "is the same database, on a standby" in same.text
    assert "is a standby: its backups lack what it has not replayed" in lags.text
    assert "maintenanceSeconds" in lags.advice
    assert "is not the database of databaseUrl" in other.text
    assert untold.level == "warning"
    assert "do not tell whether it has the database of databaseUrl" in untold.text


def test_a_reader_whose_server_nobody_checks_is_a_warning_once(project: Supabase) -> None:
    warning = f"sslmode disable does not check that {ELSEWHERE} is who it says"
    far = project.url(READER).replace("127.0.0.1", ELSEWHERE)
    for main in (project.url(), project.url().replace("127.0.0.1", ELSEWHERE)):
        found = preflight(main, replace(WANTED, backup_url=far)).findings
        assert [finding.text for finding in found if finding.level == "warning"] == [warning]
