"""The ecosystem's SQL on a real server, applied by the plainest means there are: independent of the schema engine."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from tests.conftest import GROUP_ROLES, Database, Server, fresh_database

SQL = Path(__file__).parents[3] / "sql"
NOT_YET = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedObject,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedColumn,
)
"""What a file says when another one has to come before it."""


def search_path(schema: str) -> str:
    return f"{schema},extensions,pg_temp"


def connect(url: str, schema: str = "public", **options: Any) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(make_conninfo(url, options=f"-c search_path={search_path(schema)}"), **options)


def apply_schema(url: str, schema: str = "public") -> None:
    """Apply sql/schema as the owner: every file once, those that need others again, until nothing is left."""
    left = sorted((SQL / "schema").rglob("*.sql"))
    with connect(url, schema) as owner:
        while left:
            waiting: dict[Path, psycopg.Error] = {}
            for file in left:
                try:
                    with owner.transaction():
                        owner.execute(file.read_text())
                except NOT_YET as error:
                    waiting[file] = error
            if len(waiting) == len(left):
                raise AssertionError(f"these files cannot be applied in any order: {waiting}")
            left = list(waiting)


def apply_seeds(url: str, schema: str = "public") -> None:
    with connect(url, schema) as owner:
        for file in sorted((SQL / "seeds").glob("*.yaml")):
            seed = yaml.safe_load(file.read_text())
            for row in seed["rows"]:
                owner.execute(
                    sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                        sql.Identifier(seed["table"]),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join(sql.Placeholder() * len(row)),
                    ),
                    list(row.values()),
                )


def make_schema(database: Database, schema: str) -> None:
    """Make an empty schema owned by the owner that the group roles may use, as a stack does."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        for role in GROUP_ROLES:
            owner.execute(
                sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), sql.Identifier(role))
            )


_serial = count(1)


@dataclass(frozen=True)
class Ecosystem:
    """A database with schema and seeds; `login(group)` makes a login role in a group and returns its URL."""

    server: Server
    database: Database
    schema: str
    made: list[str]

    def login(self, group: str) -> tuple[str, str]:
        name = f"{group}_{next(_serial)}_{secrets.token_hex(2)}"
        with psycopg.connect(self.database.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                    sql.Identifier(name), sql.Literal(self.server.password), sql.Identifier(group)
                )
            )
        self.made.append(name)
        return name, self.server.url(self.database.name, name)

    @contextmanager
    def session(self, group: str) -> Iterator[psycopg.Connection[TupleRow]]:
        """A session of a new login in `group`, each statement its own transaction."""
        with connect(self.login(group)[1], self.schema, autocommit=True) as connection:
            yield connection

    def owner(self) -> psycopg.Connection[TupleRow]:
        return connect(self.database.owner_url, self.schema, autocommit=True)

    def admin(self) -> psycopg.Connection[TupleRow]:
        return connect(self.database.admin_url, self.schema, autocommit=True)


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """A database with schema and seeds in `public`, to be copied: applying them takes a hundred times as long."""
    with fresh_database(server) as database:
        apply_schema(database.owner_url)
        apply_seeds(database.owner_url)
        yield database.name


@contextmanager
def living_in(server: Server, database: Database, schema: str) -> Iterator[Ecosystem]:
    made: list[str] = []
    try:
        yield Ecosystem(server, database, schema, made)
    finally:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            for name in made:
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture(params=["public"])
def ecosystem(server: Server, template: str, request: pytest.FixtureRequest) -> Iterator[Ecosystem]:
    """The ecosystem in schema public, or in the one that a test names by indirect parametrisation."""
    if request.param == "public":
        with fresh_database(server, template) as database, living_in(server, database, "public") as living:
            yield living
        return
    with fresh_database(server) as database:
        make_schema(database, request.param)
        apply_schema(database.owner_url, request.param)
        apply_seeds(database.owner_url, request.param)
        with living_in(server, database, request.param) as living:
            yield living


@pytest.fixture
def service(ecosystem: Ecosystem) -> Iterator[psycopg.Connection[TupleRow]]:
    with ecosystem.session("service_role") as connection:
        yield connection


Register = Callable[..., None]


@pytest.fixture
def register(service: psycopg.Connection[TupleRow]) -> Register:
    """Register an agent through the service: `register("a", "executor", capabilities=["x"])`."""

    def call(agent_id: str, agent_class: str = "executor", version: str = "1.8.3", **more: Any) -> None:
        names = ["agent_id", "agent_class", "version", *more]
        arguments = sql.SQL(", ").join(sql.SQL("{} => %s").format(sql.Identifier(name)) for name in names)
        service.execute(
            sql.SQL("SELECT register_agent({})").format(arguments), [agent_id, agent_class, version, *more.values()]
        )

    return call


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """Expect a documented error: its SQLSTATE, these words in message or DETAIL, and a HINT that says what to do."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    diagnosis = caught.value.diag
    assert diagnosis.sqlstate == code, caught.value
    assert diagnosis.message_detail
    assert diagnosis.message_hint
    for word in words:
        assert word in f"{diagnosis.message_primary} {diagnosis.message_detail}"
