"""`postgresql.Database` through the protocol, against a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.plugin import UNKNOWN
from tests.conftest import OWNER, Server
from tests.provider.offline_postgresql.driver import Driver
from tests.provider.plugin_client import PluginError

NAME = "offline_database"

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def clean(admin: psycopg.Connection) -> Iterator[None]:
    yield
    for name in (NAME, f"{NAME}_2"):
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def oid(admin: psycopg.Connection, name: str = NAME) -> int | None:
    row = admin.execute("SELECT oid::int FROM pg_database WHERE datname = %s", (name,)).fetchone()
    return row[0] if row else None


def test_create_takes_the_official_defaults(driver: Driver) -> None:
    database = driver.resource("Database")
    state = database.create(name=NAME, owner=OWNER)
    assert database.id == NAME
    assert {name: state[name] for name in ("owner", "template", "encoding", "tablespaceName", "isTemplate")} == {
        "owner": OWNER,
        "template": "template0",
        "encoding": "UTF8",
        "tablespaceName": "pg_default",
        "isTemplate": False,
    }
    assert database.diff(name=NAME, owner=OWNER).changes == {}
    before = dict(database.inputs)
    assert database.refresh()
    assert database.inputs == before
    assert database.diff(name=NAME, owner=OWNER).changes == {}


def test_default_leaves_the_choice_to_postgresql(driver: Driver) -> None:
    wanted = {"name": NAME, "template": "DEFAULT", "encoding": "DEFAULT", "lcCollate": "C", "lcCtype": "C"}
    wanted |= {"template": "template0"}
    database = driver.resource("Database")
    state = database.create(**wanted)
    assert (state["encoding"], state["lcCollate"], state["owner"]) == ("UTF8", "C", "postgres")
    assert database.diff(**wanted).changes == {}


def test_update_alters_in_place(driver: Driver, admin: psycopg.Connection) -> None:
    database = driver.resource("Database")
    database.create(name=NAME, owner=OWNER)
    first = oid(admin)
    wanted = {"name": f"{NAME}_2", "owner": "agent", "connectionLimit": 5, "isTemplate": True}
    diff = database.diff(**wanted)
    assert diff.changes == {"name": "UPDATE", "owner": "UPDATE", "connectionLimit": "UPDATE", "isTemplate": "UPDATE"}
    state = database.update(**wanted)
    assert {name: state[name] for name in wanted} == wanted
    assert oid(admin, f"{NAME}_2") == first
    database.delete()
    assert oid(admin, f"{NAME}_2") is None


def test_a_new_owner_takes_the_objects_along_when_asked_to(
    driver: Driver, server: Server, admin: psycopg.Connection
) -> None:
    admin.execute("CREATE ROLE offline_owner")
    try:
        database = driver.resource("Database")
        database.create(name=NAME, owner="offline_owner")
        with psycopg.connect(server.url(NAME), autocommit=True) as inside:
            inside.execute("CREATE TABLE held (id int)")
            inside.execute("ALTER TABLE held OWNER TO offline_owner")
            database.update(name=NAME, owner=OWNER, alterObjectOwnership=True)
            query = "SELECT tableowner FROM pg_tables WHERE tablename = 'held'"
            assert inside.execute(query).fetchone() == (OWNER,)
    finally:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute("DROP ROLE offline_owner")


@pytest.mark.parametrize(
    ("name", "value"),
    [("template", "template1"), ("encoding", "SQL_ASCII"), ("lcCollate", "POSIX"), ("lcCtype", "POSIX")],
)
def test_what_a_database_is_born_with_replaces_it_and_deletes_it_first(driver: Driver, name: str, value: str) -> None:
    database = driver.resource("Database")
    database.create(name=NAME)
    diff = database.diff(name=NAME, **{name: value})
    assert diff.changes == {name: "UPDATE_REPLACE"}
    assert diff.replaces == [name]
    assert diff.delete_first


def test_a_database_named_by_us_is_replaced_beside_the_old_one(driver: Driver) -> None:
    database = driver.resource("Database")
    database.create()
    try:
        diff = database.diff(encoding="SQL_ASCII")
        assert (diff.replaces, diff.delete_first) == (["encoding"], False)
    finally:
        database.delete()


def test_refresh_sees_drift_and_the_diff_repairs_it(driver: Driver, admin: psycopg.Connection) -> None:
    database = driver.resource("Database")
    database.create(name=NAME, owner=OWNER)
    admin.execute(f"ALTER DATABASE {NAME} OWNER TO agent")
    admin.execute(f"ALTER DATABASE {NAME} CONNECTION LIMIT 2")
    assert database.refresh()
    assert database.inputs["owner"] == "agent"
    assert database.diff(name=NAME, owner=OWNER).changes == {"owner": "UPDATE", "connectionLimit": "UPDATE"}
    assert database.update(name=NAME, owner=OWNER)["owner"] == OWNER


def test_delete_ends_the_connections(driver: Driver, server: Server, admin: psycopg.Connection) -> None:
    database = driver.resource("Database")
    database.create(name=NAME)
    with psycopg.connect(server.url(NAME)) as busy:
        busy.execute("SELECT 1")
        database.delete()
        assert oid(admin) is None
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")


def test_a_dropped_database_is_gone_and_deleting_it_again_is_no_error(
    driver: Driver, admin: psycopg.Connection
) -> None:
    database = driver.resource("Database")
    database.create(name=NAME)
    admin.execute(f"DROP DATABASE {NAME}")
    assert not database.refresh()
    database.delete()


def test_errors_are_one_line(driver: Driver) -> None:
    driver.resource("Database").create(name=NAME)
    with pytest.raises(PluginError) as refused:
        driver.resource("Database").create(name=NAME)
    assert refused.value.message == f'error creating database {NAME}: database "{NAME}" already exists'
    with pytest.raises(PluginError) as refused:
        driver.resource("Database").create(name=f"{NAME}_2", owner="nobody_here")
    assert refused.value.message == f'error creating database {NAME}_2: role "nobody_here" does not exist'


def test_import_takes_what_is_there(driver: Driver) -> None:
    driver.resource("Database").create(name=NAME, owner=OWNER, connectionLimit=9)
    database = driver.imported("Database", NAME)
    assert database.inputs["connectionLimit"] == 9
    assert database.diff(name=NAME, owner=OWNER, connectionLimit=9).changes == {}


def test_a_preview_changes_nothing_and_knows_what_it_can_not_know(driver: Driver, admin: psycopg.Connection) -> None:
    outputs = driver.resource("Database").preview_create(name=NAME, owner=UNKNOWN)
    assert (outputs["name"], outputs["owner"], outputs["encoding"]) == (NAME, UNKNOWN, UNKNOWN)
    assert oid(admin) is None
