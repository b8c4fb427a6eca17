"""A whole stack on a PostgreSQL that is older than ours, from its first update to its end."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest

from infra.embedded.account import Account
from tests.backup.conftest import s3_server
from tests.backup.s3_server import S3Server
from tests.e2e.project import Project
from tests.e2e.test_external import FIRST_COLUMN, REGISTRY, External, configure, surroundings
from tests.e2e.test_lifecycle import TABLES
from tests.full_run import in_full
from tests.schema.engine.other_servers import WITH_VECTOR, NotToBeHad
from tests.supabase.container import running_container
from tests.supabase.emulation import Emulated
from tests.supabase.older import running_older

pytestmark = in_full

__all__ = ["s3_server"]

IMAGE = "pgvector/pgvector:pg17"
FOUND_CHANGES = 7
"""Pulumi's exit code where none were expected."""


@pytest.fixture(scope="module", params=[16, 17])
def major(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, major: int, account: Account) -> Iterator[Emulated]:
    try:
        with _running(request, major, account) as emulated:
            emulated.enable("vector")
            yield emulated
    except NotToBeHad as reason:
        pytest.skip(str(reason))


def _running(request: pytest.FixtureRequest, major: int, account: Account) -> AbstractContextManager[Emulated]:
    """Return a server in a container, or where there is no image of it, beside it."""
    if major in WITH_VECTOR:
        return running_older(major, account)
    return running_container(request.getfixturevalue("engine"), IMAGE)


@pytest.fixture(scope="module")
def older(make_project: Callable[[], Project], server: Emulated, major: int, s3_server: S3Server) -> External:
    project = make_project()
    project.pulumi("stack", "init", "dev")
    configure(project, server, s3_server, f"older-backups-{major}")
    before = surroundings(server)
    assert f"✓ version: PostgreSQL {major}" in project.make("preflight")
    project.make("up")
    return External(project, server, before)


def test_it_stands_beside_what_was_there_and_nothing_is_left_to_change(older: External) -> None:
    found = older.supabase.rows("SELECT relname FROM pg_class WHERE relname = ANY(%s) ORDER BY 1", list(TABLES))
    assert found == [(name,) for name in TABLES]
    assert surroundings(older.supabase) == older.before
    older.project.preview("--expect-no-changes")
    older.project.preview("--expect-no-changes", "--refresh")


def test_a_changed_file_reaches_the_table_and_what_others_changed_there_is_found_and_put_right(older: External) -> None:
    project = older.project
    with project.edited(REGISTRY, FIRST_COLUMN, "    region text,\n" + FIRST_COLUMN):
        said = project.preview()
        assert "Table agent_registry update [diff: +columns.region]" in re.sub(" +", " ", said), said
        project.up()
        assert columns(project) & {"region", "sneaky"} == {"region"}
        project.preview("--expect-no-changes")
    project.query("ALTER TABLE agent_registry ADD COLUMN sneaky text, NO FORCE ROW LEVEL SECURITY")
    said = project.pulumi("refresh", "--preview-only", "--expect-no-changes", expect=FOUND_CHANGES)
    assert re.search(r"pgstack:postgres:Table agent_registry .*columns", said), said
    project.pulumi("refresh", "--yes")
    project.up()
    assert columns(project) & {"region", "sneaky"} == set()
    assert project.query("SELECT relforcerowsecurity AS forced FROM pg_class WHERE relname = 'agent_registry'") == [
        {"forced": True}
    ]
    project.preview("--expect-no-changes", "--refresh")


def columns(project: Project) -> set[str]:
    found = project.query("SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'agent_registry'::regclass")
    return {row["name"] for row in found}


def test_a_backup_of_it_is_read_back_and_becomes_a_database_again(older: External) -> None:
    """A login that is no superuser proves no backup by a restore: the administrator restores it."""
    project, server = older.project, older.supabase
    server.rows("SELECT register_agent('survivor', 'executor', '1.8.3')", user="postgres")
    assert "backup is the latest" in project.make("backup")
    assert re.search(r"💾 not proven by a restore: last backup .*, read back only", project.make("status"))
    server.run("CREATE DATABASE restored")
    url = server.url("supabase_admin", "restored")
    assert "restored, and the same as the backup" in project.make("restore", f"ARGS=--into {url}")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT agent_id FROM agent_registry").fetchall() == [("survivor",)]
        assert connection.execute("SELECT title FROM todos").fetchall() == [("stays",)]
    server.run("DROP DATABASE restored")


def test_destroy_leaves_the_tables_and_what_was_there(older: External) -> None:
    project, server = older.project, older.supabase
    project.make("destroy", "YES=1")
    assert project.processes() == []
    assert server.rows("SELECT agent_id FROM agent_registry") == [("survivor",)]
    assert server.rows("SELECT FROM pg_roles WHERE rolname = 'backup'") == []
    assert surroundings(server) == older.before
