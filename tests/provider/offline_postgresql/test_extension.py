"""`postgresql.Extension` through the protocol, against a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.plugin import UNKNOWN
from tests.conftest import Server
from tests.provider.offline_postgresql.driver import Driver
from tests.provider.plugin_client import PluginError

pytestmark = pytest.mark.server


@pytest.fixture
def empty(admin: psycopg.Connection) -> Iterator[str]:
    """Give a database without extensions."""
    admin.execute("CREATE DATABASE offline_extensions")
    yield "offline_extensions"
    admin.execute("DROP DATABASE offline_extensions WITH (FORCE)")


@pytest.fixture
def inside(server: Server, empty: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.url(empty), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA extensions")
        yield connection


def installed(inside: psycopg.Connection, name: str) -> tuple[str, str] | None:
    query = "SELECT extnamespace::regnamespace::text, extversion FROM pg_extension WHERE extname = %s"
    return inside.execute(query, (name,)).fetchone()


@pytest.mark.parametrize("name", ["uuid-ossp", "vector", "pg_trgm"])
def test_create_installs_into_the_schema(driver: Driver, empty: str, inside: psycopg.Connection, name: str) -> None:
    wanted = {"name": name, "database": empty, "schema": "extensions"}
    extension = driver.resource("Extension")
    state = extension.create(**wanted)
    assert extension.id == f"{empty}.{name}"
    assert (state["schema"], state["version"]) == installed(inside, name)
    assert extension.diff(**wanted).changes == {}
    before = dict(extension.inputs)
    assert extension.refresh()
    assert extension.inputs == before
    extension.delete()
    assert installed(inside, name) is None


def test_one_that_is_there_is_taken_over(driver: Driver, empty: str, inside: psycopg.Connection) -> None:
    inside.execute("CREATE EXTENSION pg_trgm")
    assert driver.resource("Extension").create(name="pg_trgm", database=empty)["schema"] == "public"


def test_update_moves_it_and_brings_it_to_a_version(driver: Driver, empty: str, inside: psycopg.Connection) -> None:
    extension = driver.resource("Extension")
    extension.create(name="pg_trgm", database=empty, version="1.5")
    assert installed(inside, "pg_trgm") == ("public", "1.5")
    wanted = {"name": "pg_trgm", "database": empty, "schema": "extensions", "version": "1.6"}
    assert extension.diff(**wanted).changes == {"schema": "UPDATE", "version": "UPDATE"}
    extension.update(**wanted)
    assert installed(inside, "pg_trgm") == ("extensions", "1.6")
    with pytest.raises(PluginError) as refused:
        extension.update(name="pg_trgm", database=empty, version="0.1")
    assert "\n" not in refused.value.message
    assert refused.value.message.startswith("error updating extension pg_trgm: extension ")


def test_name_and_database_replace_it(driver: Driver, empty: str, inside: psycopg.Connection) -> None:  # noqa: ARG001
    extension = driver.resource("Extension")
    extension.create(name="pg_trgm", database=empty)
    assert extension.diff(name="vector", database="postgres").replaces == ["database", "name"]


def test_refresh_sees_drift(driver: Driver, empty: str, inside: psycopg.Connection) -> None:
    wanted = {"name": "pg_trgm", "database": empty, "schema": "extensions"}
    extension = driver.resource("Extension")
    extension.create(**wanted)
    inside.execute("ALTER EXTENSION pg_trgm SET SCHEMA public")
    assert extension.refresh()
    assert extension.inputs["schema"] == "public"
    assert extension.diff(**wanted).changes == {"schema": "UPDATE"}
    inside.execute("DROP EXTENSION pg_trgm")
    assert not extension.refresh()
    extension.delete()


def test_what_depends_on_it_goes_along_only_with_drop_cascade(
    driver: Driver, empty: str, inside: psycopg.Connection
) -> None:
    extension = driver.resource("Extension")
    extension.create(name="vector", database=empty)
    inside.execute("CREATE TABLE held (embedding vector(3))")
    with pytest.raises(PluginError, match=r"^error deleting extension vector: cannot drop extension vector because"):
        extension.delete()
    extension.update(name="vector", database=empty, dropCascade=True)
    extension.delete()
    assert installed(inside, "vector") is None


def test_one_the_server_does_not_have_is_an_error_in_one_line(driver: Driver, empty: str) -> None:
    with pytest.raises(PluginError) as refused:
        driver.resource("Extension").create(name="no_such_thing", database=empty)
    assert refused.value.message.startswith(
        'error creating extension no_such_thing: extension "no_such_thing" is not available'
    )
    assert "\n" not in refused.value.message


def test_import_takes_what_is_there(driver: Driver, empty: str, inside: psycopg.Connection) -> None:
    inside.execute("CREATE EXTENSION pg_trgm SCHEMA extensions")
    extension = driver.imported("Extension", f"{empty}.pg_trgm")
    assert extension.diff(name="pg_trgm", database=empty, schema="extensions").changes == {}


def test_a_preview_changes_nothing(driver: Driver, empty: str, inside: psycopg.Connection) -> None:
    outputs = driver.resource("Extension").preview_create(name="pg_trgm", database=UNKNOWN)
    assert (outputs["name"], outputs["database"], outputs["version"]) == ("pg_trgm", UNKNOWN, UNKNOWN)
    assert installed(inside, "pg_trgm") is None
    assert empty
