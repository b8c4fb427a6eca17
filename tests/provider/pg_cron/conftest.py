"""A server with pg_cron in a container, and in it one database with the ecosystem's schema and the extension."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import docker.errors
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from infra.plugin.values import Secret
from tests.conftest import EXTENDED, OWNER, Database, Server, prepare
from tests.provider.pgstack.conftest import client, manage
from tests.schema.ecosystem.conftest import apply_schema
from tests.versions.container import postgresql
from tests.waiting import wait_until

__all__ = ["client", "manage"]

FOLDER = Path(__file__).parent
NAME = "ecosystem"
RUNS = "SELECT FROM pg_stat_activity WHERE datname = 'ecosystem' AND application_name = 'pg_cron scheduler'"

Inputs = dict[str, Any]
Row = dict[str, Any]


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient) -> Iterator[str]:
    reference = f"test-{secrets.token_hex(3)}/pg-cron:pg17"
    try:
        engine.images.build(path=str(FOLDER), tag=reference, rm=True, forcerm=True)
    except docker.errors.BuildError as error:
        pytest.skip(f"pg_cron can not be had for {FOLDER.name}'s image: {error}")
    yield reference
    engine.images.remove(reference, force=True)


@contextmanager
def serving(engine: docker.DockerClient, image: str, **settings: str) -> Iterator[Database]:
    """Run a server, and make the database that its pg_cron works in; the extension is not there yet."""
    preload = {"shared_preload_libraries": "pg_cron", "cron__database_name": NAME}
    with postgresql(engine, image, **preload, **settings) as url:
        parts = conninfo_to_dict(url)
        server = Server(None, int(str(parts["port"])), str(parts["password"]))
        prepare(server)
        with psycopg.connect(server.url(), autocommit=True) as admin:
            names = map(sql.Identifier, (NAME, OWNER, EXTENDED))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))
        yield Database(NAME, server.url(NAME), server.url(NAME, OWNER), server.url(NAME, "backup"))


@pytest.fixture(scope="session")
def served(engine: docker.DockerClient, image: str) -> Iterator[Database]:
    with serving(engine, image, cron__use_background_workers="on") as database:
        apply_schema(database.owner_url)
        yield database


@pytest.fixture
def cron(served: Database) -> Iterator[Database]:
    """The same with a new pg_cron that the owner may use, and that runs."""
    install(served)
    yield served
    run(served, "DROP EXTENSION IF EXISTS pg_cron")


def install(database: Database) -> None:
    """Make the extension, let the owner use it, wait until it runs."""
    run(database, "CREATE EXTENSION pg_cron")
    run(database, f"GRANT USAGE ON SCHEMA cron TO {OWNER}")
    wait_until(lambda: rows(database, RUNS), "pg_cron's scheduler runs")


@pytest.fixture
def inputs(cron: Database) -> Inputs:
    return {"url": Secret(cron.owner_url), "schemaName": "public", "wanted": "auto", "roundSeconds": 60}


def rows(database: Database, query: str, url: str = "") -> list[Row]:
    """Return what a query gives, as the superuser unless a URL says otherwise."""
    with psycopg.connect(url or database.admin_url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def run(database: Database, statement: str, url: str = "") -> None:
    """Execute a statement, as the superuser unless a URL says otherwise."""
    with psycopg.connect(url or database.admin_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def jobs(database: Database) -> dict[str, Row]:
    """Return all jobs of the server by name."""
    return {row["jobname"]: row for row in rows(database, "SELECT * FROM cron.job ORDER BY jobname")}
