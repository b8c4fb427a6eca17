"""The same cases on the oldest PostgreSQL we support, where the system has one installed (Debian's layout)."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.embedded.account import Account
from infra.embedded.ports import free_port
from infra.provider.schema.engine import (
    CannotPlan,
    Catalog,
    Target,
    apply_changes,
    desired_catalog,
    drop_all,
    managed_live,
    plan,
    preview_changes,
    read_catalog,
    server_facts,
)
from tests.conftest import GROUP_ROLES, OWNER
from tests.schema.engine.conftest import Connection, fill
from tests.schema.engine.test_cases import ONLINE, case_folders

INSTALLED = sorted(
    (path.parent.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")),
    key=lambda path: int(path.name),
)
NEWER = ("NOT ENFORCED", "VIRTUAL", "extensions.", " STORAGE EXTERNAL")
"""Words of cases that need a later PostgreSQL, or an extension that the system's packages lack."""

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL of the system's packages is installed here"),
]


@pytest.fixture(scope="module")
def older_url(account: Account) -> Iterator[str]:
    programs, folder = INSTALLED[0] / "bin", Path(f"/var/tmp/ae-older-{secrets.token_hex(4)}")  # noqa: S108
    folder.mkdir(mode=0o700)
    account.own(folder)
    port = free_port()

    def run(*command: str) -> None:
        subprocess.run(
            [programs / command[0], *command[1:]],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account.process_options(),
        )

    try:
        run(
            "initdb",
            f"--pgdata={folder / 'data'}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        )
        options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run(
            "pg_ctl",
            "start",
            "--wait",
            f"--pgdata={folder / 'data'}",
            f"--log={folder / 'log'}",
            f"--options={options}",
        )
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        with psycopg.connect(url, autocommit=True) as admin:
            for role in (*GROUP_ROLES, "backup"):
                admin.execute(f"CREATE ROLE {role}".encode())
            admin.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB; GRANT CREATE ON DATABASE postgres TO {OWNER}".encode())
            admin.execute("CREATE SCHEMA extensions")
        yield url
    finally:
        subprocess.run(
            [programs / "pg_ctl", "stop", "--mode=immediate", f"--pgdata={folder / 'data'}"],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account.process_options(),
        )
        subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def older(older_url: str) -> Iterator[Connection]:
    with psycopg.connect(older_url.replace("postgres@", f"{OWNER}@"), autocommit=True) as connection:
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA IF EXISTS pgstack CASCADE")


def usable_cases() -> list[Path]:
    def text(folder: Path) -> str:
        return "".join((folder / name).read_text() for name in ("old.sql", "new.sql"))

    return [folder for folder in case_folders() if not any(word in text(folder) for word in NEWER)]


@pytest.mark.parametrize("folder", usable_cases(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_case_on_the_oldest_server(folder: Path, older: Connection) -> None:
    target = Target(schema="app", extensions=())

    def described(name: str) -> Catalog:
        with older.transaction(force_rollback=True):
            fill(older, target, (folder / name).read_text())
            return read_catalog(older, target.schema)

    old, new = described("old.sql"), described("new.sql")
    try:
        plan(old, new, target.schema)
    except CannotPlan:
        return
    apply_changes(older, target, old)
    apply_changes(older, target, new, allow=["all"], rules=ONLINE)
    assert managed_live(older, target) == new
    assert preview_changes(older, target, new).plan.sql == ""
    drop_all(older, target)


def test_auto_takes_a_scratch_beside_an_older_target(older_url: str, older: Connection, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);")
    facts = server_facts(older)
    target = Target(schema="app", extensions=(), url=older_url, server=facts)
    desired = desired_catalog(tmp_path, target, tmp_path / "cache")
    assert facts.major == int(INSTALLED[0].name)
    assert desired.scratch == "target"
    apply_changes(older, target, desired.catalog)
    assert managed_live(older, target) == desired.catalog
