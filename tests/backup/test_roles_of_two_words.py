"""Owners with a space in their name, which a table of contents has at the end of its lines."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.backup.conftest import Job
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server

ROLE = '"two words"'


@pytest.fixture
def owned(database: Database, server: Server) -> Database:
    """The database with a schema and tables of such a role, and a foreign key."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {ROLE}")
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(f'CREATE SCHEMA "of two" AUTHORIZATION {ROLE}')
        admin.execute("CREATE TABLE first (id integer PRIMARY KEY)")
        admin.execute("CREATE TABLE second (id integer REFERENCES first)")
        admin.execute("INSERT INTO first VALUES (1); INSERT INTO second VALUES (1)")
        for table in ("first", "second"):
            admin.execute(f"ALTER TABLE {table} OWNER TO {ROLE}")
    return database


@pytest.fixture
def restored_before_the_role_goes(owned: Database, server: Server) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    with psycopg.connect(server.url(), autocommit=True) as admin:
        for name in names:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    with psycopg.connect(owned.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {ROLE} CASCADE")
        admin.execute(f"DROP ROLE {ROLE}")


def test_a_part_of_their_tables_comes_back(
    job: Job, owned: Database, server: Server, restored_before_the_role_goes: list[str]
) -> None:
    job.good("run")
    names = restored_before_the_role_goes
    names.append(urlsplit(job.good("restore", "--only", "second").strip()).path.removeprefix("/"))
    assert content(server.url(names[0]))["second"] == content(owned.admin_url)["second"]
    assert content(server.url(names[0]))["first"][0] == 0


def test_their_schema_may_be_there_already(
    job: Job, owned: Database, server: Server, restored_before_the_role_goes: list[str]
) -> None:
    job.good("run")
    names = restored_before_the_role_goes
    names.append(f"{owned.name}_there")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {names[0]}")
    with psycopg.connect(server.url(names[0]), autocommit=True) as admin:
        admin.execute(f'CREATE SCHEMA "of two" AUTHORIZATION {ROLE}')
    job.good("restore", "--into", names[0])
    assert content(server.url(names[0])) == content(owned.admin_url)
