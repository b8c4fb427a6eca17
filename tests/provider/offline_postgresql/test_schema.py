"""`postgresql.Schema` through the protocol, against a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import OWNER, Database
from tests.provider.offline_postgresql.driver import Driver
from tests.provider.plugin_client import PluginError

pytestmark = pytest.mark.server


@pytest.fixture
def inside(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield connection


def owner_of(inside: psycopg.Connection, schema: str) -> str | None:
    query = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = %s"
    row = inside.execute(query, (schema,)).fetchone()
    return row[0] if row else None


def privileges(inside: psycopg.Connection, schema: str) -> set[tuple[str, str, bool]]:
    query = """
        SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
        FROM pg_namespace, aclexplode(nspacl)
        WHERE nspname = %s AND grantee <> nspowner
    """
    return {(role, privilege, option) for role, privilege, option in inside.execute(query, (schema,))}


def test_create_with_owner_and_policies(driver: Driver, database: Database, inside: psycopg.Connection) -> None:
    policies = [{"usage": True}, {"role": "agent", "createWithGrant": True, "usage": True}]
    wanted = {"name": "app", "database": database.name, "owner": OWNER, "policies": policies}
    schema = driver.resource("Schema")
    state = schema.create(**wanted)
    assert schema.id == f"{database.name}.app"
    assert (state["owner"], state["ifNotExists"], state["dropCascade"]) == (OWNER, True, False)
    assert owner_of(inside, "app") == OWNER
    expected = {("PUBLIC", "USAGE", False), ("agent", "CREATE", True), ("agent", "USAGE", False)}
    assert privileges(inside, "app") == expected
    assert schema.diff(**wanted).changes == {}
    schema.refresh()
    assert schema.diff(**{**wanted, "policies": policies[::-1]}).changes == {}


def test_update_renames_hands_over_and_regrants(driver: Driver, database: Database, inside: psycopg.Connection) -> None:
    schema = driver.resource("Schema")
    schema.create(name="app", database=database.name, policies=[{"role": "agent", "create": True, "usage": True}])
    wanted = {"name": "app2", "database": database.name, "owner": OWNER, "policies": [{"role": "anon", "usage": True}]}
    assert schema.diff(**wanted).replaces == []
    schema.update(**wanted)
    assert owner_of(inside, "app") is None
    assert owner_of(inside, "app2") == OWNER
    assert privileges(inside, "app2") == {("anon", "USAGE", False)}
    assert schema.refresh()
    schema.delete()
    assert owner_of(inside, "app2") is None


def test_another_database_replaces_it(driver: Driver, database: Database) -> None:
    schema = driver.resource("Schema")
    schema.create(name="app", database=database.name)
    assert schema.diff(name="app", database="postgres").changes == {"database": "UPDATE_REPLACE"}


def test_refresh_sees_drift(driver: Driver, database: Database, inside: psycopg.Connection) -> None:
    schema = driver.resource("Schema")
    schema.create(name="app", database=database.name, owner=OWNER)
    inside.execute("ALTER SCHEMA app OWNER TO agent")
    assert schema.refresh()
    assert schema.inputs["owner"] == "agent"
    assert schema.diff(name="app", database=database.name, owner=OWNER).changes == {"owner": "UPDATE"}
    inside.execute("DROP SCHEMA app")
    assert not schema.refresh()
    schema.delete()


def test_an_existing_schema_is_taken_over_unless_forbidden(
    driver: Driver, database: Database, inside: psycopg.Connection
) -> None:
    inside.execute("CREATE SCHEMA app")
    driver.resource("Schema").create(name="app", database=database.name, owner=OWNER)
    assert owner_of(inside, "app") == OWNER
    with pytest.raises(PluginError, match=r'^error creating schema app: schema "app" already exists$'):
        driver.resource("Schema").create(name="app", database=database.name, ifNotExists=False)


def test_what_is_in_it_goes_along_only_with_drop_cascade(
    driver: Driver, database: Database, inside: psycopg.Connection
) -> None:
    schema = driver.resource("Schema")
    schema.create(name="app", database=database.name)
    inside.execute("CREATE TABLE app.held (id int)")
    with pytest.raises(PluginError) as refused:
        schema.delete()
    assert refused.value.message == (
        "error deleting schema app: cannot drop schema app because other objects depend on it; "
        "table app.held depends on schema app; Use DROP ... CASCADE to drop the dependent objects too."
    )
    schema.update(name="app", database=database.name, dropCascade=True)
    schema.delete()
    assert owner_of(inside, "app") is None


def test_a_schema_of_a_dropped_database_is_gone(driver: Driver) -> None:
    database = driver.resource("Database")
    name = database.create()["name"]
    schema = driver.resource("Schema")
    schema.create(name="app", database=name)
    database.delete()
    assert not schema.refresh()
    schema.delete()


def test_import_takes_what_is_there(driver: Driver, database: Database) -> None:
    driver.resource("Schema").create(name="app", database=database.name, owner=OWNER)
    schema = driver.imported("Schema", f"{database.name}.app")
    assert schema.diff(name="app", database=database.name, owner=OWNER).changes == {}
    with pytest.raises(PluginError, match=r"schema ID app has not the expected format 'database.schema'"):
        driver.imported("Schema", "app")


def test_a_policy_with_an_unknown_property_is_refused_where_it_stands(driver: Driver) -> None:
    failures = driver.failures("Schema", name="app", policies=[{"role": "agent"}, {"role": "anon", "select": True}])
    assert list(failures) == ["policies[1].select"]
