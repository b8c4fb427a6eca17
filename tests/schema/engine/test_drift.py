"""Single drifts: each is seen, by the name of its object, and repaired to the last line of the dump."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from infra.provider.schema.engine import (
    Catalog,
    Target,
    UnsupportedObject,
    apply_changes,
    drop_all,
    managed_live,
    object_changes,
    preview_changes,
)
from tests.conftest import Database
from tests.schema.engine.cases import dump
from tests.schema.engine.conftest import Connection, fill, read_scratch
from tests.schema.engine.drifts import DRIFTS, REFUSED, RICH

pytestmark = pytest.mark.server
TARGET = Target(schema="app")


@dataclass
class Standing:
    """The rich schema, applied; `text` is its dump."""

    connection: Connection
    database: Database
    catalog: Catalog
    text: list[str]

    def mutate(self, statements: str) -> None:
        with self.connection.transaction():
            self.connection.execute("SET LOCAL search_path = app, extensions")
            self.connection.execute(statements.encode())

    def renew(self) -> None:
        drop_all(self.connection, TARGET)
        self.connection.execute("DROP SCHEMA IF EXISTS app CASCADE")
        for (name,) in self.connection.execute("SELECT pubname FROM pg_publication").fetchall():
            self.connection.execute(sql.SQL("DROP PUBLICATION {}").format(sql.Identifier(str(name))))
        apply_changes(self.connection, TARGET, self.catalog, ["all"])


@pytest.fixture(scope="module")
def standing(engine_database: Database) -> Iterator[Standing]:
    catalog = read_scratch(engine_database, TARGET, RICH)
    with psycopg.connect(engine_database.owner_url, autocommit=True) as owner:
        fill(owner, TARGET, RICH)
        made = Standing(owner, engine_database, catalog, dump(engine_database))
        owner.execute("DROP SCHEMA app CASCADE; DROP PUBLICATION changes")
        made.renew()
        yield made
        drop_all(owner, TARGET)
        owner.execute("DROP SCHEMA IF EXISTS app CASCADE")


@pytest.fixture
def rich(standing: Standing) -> Iterator[Standing]:
    yield standing
    if managed_live(standing.connection, TARGET) != standing.catalog:
        standing.renew()


def test_there_are_enough_and_each_is_another() -> None:
    assert len({statements for _, statements in DRIFTS}) == len(DRIFTS) >= 100
    assert len(DRIFTS) / (len(DRIFTS) + len(REFUSED)) >= 0.95


def test_the_engine_makes_what_the_files_say(rich: Standing) -> None:
    assert dump(rich.database) == rich.text


@pytest.mark.parametrize(("shown", "statements"), DRIFTS, ids=[statements for _, statements in DRIFTS])
def test_a_drift_is_seen_and_repaired(rich: Standing, shown: str, statements: str) -> None:
    rich.mutate(statements)
    seen = {f"{change.kind} {change.name}" for change in object_changes(managed_live_with(rich), rich.catalog)}
    assert shown in seen
    apply_changes(rich.connection, TARGET, rich.catalog, ["all"])
    assert managed_live_with(rich) == rich.catalog
    assert preview_changes(rich.connection, TARGET, rich.catalog).plan.steps == ()
    assert dump(rich.database) == rich.text


@pytest.mark.parametrize(("said", "statements"), REFUSED, ids=[statements for _, statements in REFUSED])
def test_what_is_not_repaired_is_named(standing: Standing, said: str, statements: str) -> None:
    try:
        standing.mutate(statements)
        with pytest.raises(UnsupportedObject, match=said.partition(" app")[0]):
            managed_live_with(standing)
    finally:
        standing.renew()


def managed_live_with(standing: Standing) -> Catalog:
    return managed_live(standing.connection, TARGET, standing.catalog)
