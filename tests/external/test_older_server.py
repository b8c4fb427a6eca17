"""The oldest PostgreSQL we support, where the system has one installed (Debian's layout), and RDS' master user."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.embedded.account import Account
from infra.embedded.cluster import Cluster
from infra.embedded.distribution import Distribution
from infra.embedded.ports import free_port
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from infra.roles import EXTENSION_SCHEMA, GROUPS
from tests.external.test_preparation import inputs
from tests.provider.pgstack.conftest import Manage
from tests.supabase.emulation import Supabase, emulate

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
CONTRIB = ("uuid-ossp", "pg_trgm")
"""What PostgreSQL itself brings of our extensions; pgvector may not be packaged for it."""
WANTED = Wanted("public", GROUPS, CONTRIB, EXTENSION_SCHEMA)


@pytest.fixture(scope="module")
def oldest(account: Account) -> Iterator[Supabase]:
    if not INSTALLED:
        pytest.skip("no PostgreSQL of the system's packages is installed here")
    folder = Path(tempfile.mkdtemp(prefix="ae-oldest-", dir="/var/tmp"))
    account.own(folder)
    cluster = Cluster(Distribution(INSTALLED[0].parents[1], None), account, folder / "server")
    password = secrets.token_urlsafe(12)
    try:
        cluster.folder.mkdir(mode=0o700)
        account.own(cluster.folder)
        initialise(cluster, password)
        port = cluster.start(free_port(), {"fsync": "off"})
        emulate(port, password)
        yield Supabase(port, password, cluster)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def initialise(cluster: Cluster, password: str) -> None:
    file = cluster.folder / "password"
    file.write_text(password)
    cluster.account.own(file)
    program = cluster.distribution.program("initdb")
    options = ("--username=postgres", f"--pwfile={file}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
    subprocess.run(
        [program, f"--pgdata={cluster.data}", *options],
        cwd=cluster.folder,
        check=True,
        capture_output=True,
        **cluster.account.process_options(),
    )


def test_the_oldest_server_passes_and_is_given_what_it_lacks(oldest: Supabase, manage: Manage) -> None:
    report = preflight(oldest.url(), WANTED)
    assert report.failures == []
    assert report.facts is not None
    assert report.facts.major == int(INSTALLED[0].parts[-3])
    preparation = manage("postgres:Preparation")
    asked: dict[str, Any] = {"extensions": list(CONTRIB), "backupRole": "", "backupPassword": None}
    preparation.create(**inputs(oldest, dropOnDelete=True, **asked))
    assert "extension pg_trgm" in preparation["made"]
    preparation.delete()
    assert oldest.rows("SELECT rolname FROM pg_roles WHERE rolname IN ('agent', 'observer', 'orchestrator')") == []


def test_what_is_not_packaged_for_it_is_named_with_the_package(oldest: Supabase) -> None:
    with oldest.connected() as admin:
        row = admin.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'").fetchone()
    if row != (0,):
        pytest.skip("pgvector is installed for this PostgreSQL")
    (line,) = map(str, preflight(oldest.url(), replace(WANTED, extensions=("vector",))).failures)
    assert "vector is not on the server" in line


def test_rds_master_user_is_told_what_it_can_not_have(supabase: Supabase, manage: Manage) -> None:
    with supabase.connected("bootstrap") as admin:
        admin.execute("ALTER ROLE supabase_admin RENAME TO rdsadmin")
        admin.execute("CREATE ROLE rds_superuser NOLOGIN")
        admin.execute(f"CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD '{supabase.password}'".encode())
        admin.execute("GRANT rds_superuser TO master")
        admin.execute("CREATE DATABASE app OWNER master")
    url = supabase.url("master", "app")
    report = preflight(url, replace(WANTED, extensions=("vector",), backup_role="backup"))
    assert report.facts is not None
    assert report.facts.platform == "rds"
    assert [line.split(":")[0] for line in map(str, report.failures)] == ["backups"]
    assert "rely on its snapshots" in str(report.failures[0])
    assert preflight(url, WANTED).failures == []
    preparation = manage("postgres:Preparation")
    asked: dict[str, Any] = {"url": url, "extensions": list(CONTRIB), "backupRole": "", "backupPassword": None}
    preparation.create(**inputs(supabase, **asked))
    assert "schema extensions" in preparation["made"]
