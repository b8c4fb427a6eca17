"""A database for the engine's tests, and two ways to fill a schema in it: PostgreSQL alone, and the engine."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra.provider.schema.declared import answered_for, take_declared
from infra.provider.schema.directives import read_renames
from infra.provider.schema.engine import Catalog, Target, drop_all, read_catalog
from infra.provider.schema.files import apply_files, check_bodies
from infra.provider.schema.introspect import search_path
from infra.provider.schema.made_schemas import made_schemas
from infra.provider.schema.revocations import revoked_rights
from infra.provider.schema.source import SourceFile
from tests.conftest import OWNER, Database, Server, add_extensions

OWNERS_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extowner = %s::regrole"

Connection = psycopg.Connection[tuple[object, ...]]
Describe = Callable[[str], Catalog]
"""What turns SQL text into the catalog that it describes."""


@pytest.fixture(scope="session")
def engine_database(server: Server) -> Iterator[Database]:
    """One database for a whole run: tests keep apart by their schemas."""
    name = "schema_engine"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        with psycopg.connect(server.url(name), autocommit=True) as inside:
            inside.execute("CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC")
            add_extensions(inside)
        yield Database(name, server.url(name), server.url(name, OWNER), server.url(name, "backup"))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def target() -> Target:
    return Target(schema="app")


@pytest.fixture
def connection(engine_database: Database, target: Target) -> Iterator[Connection]:
    """The owner's connection to a database in which the managed schema does not exist."""
    with psycopg.connect(engine_database.owner_url, autocommit=True) as owner:
        left = owner.execute("SELECT to_regnamespace(%s)::text", (target.schema,)).fetchone()
        assert left == (None,), "an earlier test left the schema behind: it has to take this fixture"
        yield owner
    with psycopg.connect(engine_database.admin_url, autocommit=True) as admin:
        drop_schemas(admin)
        for (name,) in admin.execute(OWNERS_EXTENSIONS, (OWNER,)).fetchall():  # one may live elsewhere
            admin.execute(sql.SQL("DROP EXTENSION {} CASCADE").format(sql.Identifier(name)))
        # A publication outlives the tables it was made for.
        for (name,) in admin.execute("SELECT pubname FROM pg_publication").fetchall():
            admin.execute(sql.SQL("DROP PUBLICATION {}").format(sql.Identifier(name)))


def drop_schemas(admin: Connection) -> None:
    """Drop every schema that a test made."""
    for (name,) in admin.execute(
        "SELECT nspname::text FROM pg_namespace "
        "WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'extensions', 'information_schema')"
    ).fetchall():
        admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(str(name))))


@pytest.fixture
def admin(engine_database: Database) -> Iterator[Connection]:
    with psycopg.connect(engine_database.admin_url, autocommit=True) as superuser:
        yield superuser


def session_of(target: Target) -> str:
    path = search_path(target.schema, target.extensions_schema)
    return f"SET LOCAL search_path = {path}; SET LOCAL check_function_bodies = off"


def fill(connection: Connection, target: Target, text: str) -> None:
    """Make the schema from SQL by PostgreSQL alone, as a person with psql would."""
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(target.schema)))
        files = [SourceFile("all.sql", text)]
        apply_files(connection, files, session_of(target))
        check_bodies(connection, (target.schema, *made_schemas(files, target)), files, session_of(target))


def others_in(text: str, target: Target) -> tuple[str, ...]:
    """Return the schemas that SQL text makes beside the main one."""
    return made_schemas([SourceFile("all.sql", text)], target)


def read_scratch(database: Database, target: Target, text: str) -> Catalog:
    """Read what SQL text describes, in a transaction that is rolled back: a scratch without a server of its own."""
    with psycopg.connect(database.owner_url) as scratch:
        return read_in(scratch, target, text)


def read_in(scratch: Connection, target: Target, text: str) -> Catalog:
    """The same over a connection that is not in a transaction, which may be used again."""
    files = [SourceFile("all.sql", text)]
    others = others_in(text, target)
    with scratch.transaction(force_rollback=True):
        for name in (target.schema, *others):
            scratch.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
        fill(scratch, target, text)
        catalog = read_catalog(scratch, target.schema, others=others)
        revoked = revoked_rights(scratch, target.schema, files, session_of(target), catalog.grants)
        extensions = answered_for(catalog, take_declared(files, target)[1], target)
        catalog = replace(catalog, extensions=extensions, revoked=revoked, renames=read_renames(files, catalog))
    assert not catalog.unsupported, catalog.unsupported
    return catalog


@pytest.fixture
def describe(engine_database: Database, target: Target) -> Describe:
    return lambda text: read_scratch(engine_database, target, text)


__all__ = ["Connection", "Path", "drop_all", "fill", "session_of"]
