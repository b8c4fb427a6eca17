"""`postgresql.Role` through the protocol, against a real server."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.plugin import UNKNOWN, Secret
from tests.conftest import Database, Server
from tests.provider.offline_postgresql.driver import Driver
from tests.provider.plugin_client import PluginError

NAME = "offline_role"
PASSWORD = "it's a Secret-92 passphrase"

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def clean(admin: psycopg.Connection) -> Iterator[None]:
    yield
    for name in (NAME, f"{NAME}_2"):
        admin.execute(f"DROP ROLE IF EXISTS {name}")


def attributes(admin: psycopg.Connection, name: str = NAME) -> tuple[object, ...] | None:
    query = "SELECT rolcanlogin, rolcreatedb, rolinherit, rolbypassrls, rolconnlimit FROM pg_roles WHERE rolname = %s"
    return admin.execute(query, (name,)).fetchone()


def test_create_fills_in_defaults_and_the_role_can_log_in(
    driver: Driver, server: Server, admin: psycopg.Connection
) -> None:
    role = driver.resource("Role")
    state = role.create(
        name=NAME, login=True, createDatabase=True, password=Secret(PASSWORD), roles=["agent", "anon"],
        searchPaths=["app", "extensions"], statementTimeout=5000, validUntil="2031-01-01T00:00:00Z",
    )  # fmt: skip
    assert role.id == NAME
    assert role.inputs["connectionLimit"] == -1
    assert role.inputs["inherit"] is True
    assert state["password"] == Secret(PASSWORD)
    assert state["roles"] == ["agent", "anon"]
    assert state["searchPaths"] == ["app", "extensions"]
    assert state["statementTimeout"] == 5000
    assert attributes(admin) == (True, True, True, False, -1)
    with psycopg.connect(server.url(user=NAME), password=PASSWORD) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("5s",)


def test_nothing_differs_after_create_nor_after_refresh(driver: Driver) -> None:
    inputs = {"name": NAME, "login": True, "password": Secret(PASSWORD), "roles": ["observer", "agent"]}
    inputs |= {"validUntil": "2031-01-01T00:00:00Z", "searchPaths": ["app"], "statementTimeout": 0}
    role = driver.resource("Role")
    role.create(**inputs)
    assert role.diff(**inputs).changes == {}
    before = dict(role.inputs)
    assert role.refresh()
    assert role.inputs == before
    assert role.diff(**inputs).changes == {}


def test_the_password_is_in_no_response_and_in_no_statement(
    driver: Driver, server: Server, admin: psycopg.Connection
) -> None:
    secret = "never-in-clear-4711"
    mark = len(driver.client.received)
    admin.execute("ALTER SYSTEM SET log_statement = 'all'")
    admin.execute("SELECT pg_reload_conf()")
    try:
        role = driver.resource("Role")
        role.create(name=NAME, login=True, password=Secret("first-in-clear-4711"))
        role.update(name=NAME, login=True, password=Secret(secret))
        role.refresh()
    finally:
        admin.execute("ALTER SYSTEM RESET log_statement")
        admin.execute("SELECT pg_reload_conf()")
    with psycopg.connect(server.url(user=NAME), password=secret):
        pass
    log = "".join(path.read_text() for path in server.cluster.folder.rglob("*.log"))
    assert f'ALTER ROLE "{NAME}" PASSWORD' in log
    assert "in-clear-4711" not in log
    # A secret travels inside the protocol's own envelope, which the engine encrypts: nowhere else.
    for response in driver.client.received[mark:]:
        assert response.count(b"in-clear-4711") == response.count(b"1b47061264138c4ac30d75fd1eb44270")


def test_update_alters_in_place_and_revokes(driver: Driver, server: Server, admin: psycopg.Connection) -> None:
    role = driver.resource("Role")
    role.create(name=NAME, login=True, password=Secret(PASSWORD), roles=["agent", "anon"], searchPaths=["app"])
    wanted = {"name": NAME, "login": True, "password": Secret("other"), "roles": ["anon", "observer"]}
    wanted |= {"connectionLimit": 3, "inherit": False, "bypassRowLevelSecurity": True, "assumeRole": "anon"}
    diff = role.diff(**wanted)
    assert set(diff.changes) == {
        "password", "roles[0]", "roles[1]", "connectionLimit", "inherit", "bypassRowLevelSecurity", "assumeRole",
        "searchPaths",
    }  # fmt: skip
    assert diff.replaces == []
    state = role.update(**wanted)
    assert state["roles"] == ["anon", "observer"]
    assert state["searchPaths"] == []
    assert attributes(admin) == (True, False, False, True, 3)
    with psycopg.connect(server.url(user=NAME), password="other") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("anon",)


def test_renaming_keeps_the_role_and_its_password(driver: Driver, server: Server, admin: psycopg.Connection) -> None:
    role = driver.resource("Role")
    role.create(name=NAME, login=True, password=Secret(PASSWORD))
    oid = admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", (NAME,)).fetchone()
    new = {"name": f"{NAME}_2", "login": True, "password": Secret(PASSWORD)}
    assert role.diff(**new).changes == {"name": "UPDATE"}
    role.update(**new)
    assert admin.execute("SELECT oid FROM pg_roles WHERE rolname = %s", (f"{NAME}_2",)).fetchone() == oid
    assert role.refresh()
    with psycopg.connect(server.url(user=f"{NAME}_2"), password=PASSWORD):
        pass
    role.delete()
    assert attributes(admin, f"{NAME}_2") is None


def test_refresh_sees_drift_and_the_diff_repairs_it(driver: Driver, admin: psycopg.Connection) -> None:
    wanted = {"name": NAME, "login": True, "password": Secret(PASSWORD)}
    role = driver.resource("Role")
    role.create(**wanted)
    admin.execute(f"ALTER ROLE {NAME} NOLOGIN CONNECTION LIMIT 7")
    admin.execute(f"GRANT agent TO {NAME}")
    assert role.refresh()
    assert (role.inputs["login"], role.inputs["connectionLimit"]) == (False, 7)
    assert role.diff(**wanted).changes == {"login": "UPDATE", "connectionLimit": "UPDATE", "roles": "DELETE"}
    role.update(**wanted)
    assert attributes(admin) == (True, False, True, False, -1)
    assert role.diff(**wanted).changes == {}


def test_refresh_sees_a_password_that_was_taken_away(driver: Driver, admin: psycopg.Connection) -> None:
    wanted = {"name": NAME, "login": True, "password": Secret(PASSWORD)}
    role = driver.resource("Role")
    role.create(**wanted)
    admin.execute(f"ALTER ROLE {NAME} PASSWORD NULL")
    role.refresh()
    assert role.diff(**wanted).changes == {"password": "UPDATE"}


def test_a_dropped_role_is_gone_and_deleting_it_again_is_no_error(driver: Driver, admin: psycopg.Connection) -> None:
    role = driver.resource("Role")
    role.create(name=NAME)
    admin.execute(f"DROP ROLE {NAME}")
    assert not role.refresh()
    role.delete()


def test_delete_hands_over_what_the_role_owns(driver: Driver, admin: psycopg.Connection) -> None:
    role = driver.resource("Role")
    role.create(name=NAME)
    admin.execute(f"CREATE SCHEMA offline_owned AUTHORIZATION {NAME}")
    try:
        role.delete()
        query = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'offline_owned'"
        assert admin.execute(query).fetchone() == ("postgres",)
    finally:
        admin.execute("DROP SCHEMA offline_owned")


def test_objects_in_another_database_block_the_drop_and_are_named(
    driver: Driver, database: Database, admin: psycopg.Connection
) -> None:
    role = driver.resource("Role")
    role.create(name=NAME)
    with psycopg.connect(database.admin_url, autocommit=True) as inside:
        inside.execute(f"CREATE SCHEMA held AUTHORIZATION {NAME}")
        with pytest.raises(PluginError) as refused:
            role.delete()
        inside.execute("DROP SCHEMA held")
    assert refused.value.message == (
        f'error deleting role {NAME}: role "{NAME}" cannot be dropped because some objects depend on it; '
        f"1 object in database {database.name}"
    )
    assert attributes(admin) is not None


def test_skip_drop_role_leaves_it(driver: Driver, admin: psycopg.Connection) -> None:
    role = driver.resource("Role")
    role.create(name=NAME, skipDropRole=True)
    role.delete()
    assert attributes(admin) is not None


def test_an_existing_role_is_an_error_in_one_line(driver: Driver) -> None:
    driver.resource("Role").create(name=NAME)
    with pytest.raises(PluginError) as refused:
        driver.resource("Role").create(name=NAME, password=Secret(PASSWORD))
    assert refused.value.message == f'error creating role {NAME}: role "{NAME}" already exists'


def test_a_failure_half_way_leaves_nothing(driver: Driver, admin: psycopg.Connection) -> None:
    with pytest.raises(PluginError, match=f'^error creating role {NAME}: role "nobody_here" does not exist$'):
        driver.resource("Role").create(name=NAME, roles=["nobody_here"])
    assert attributes(admin) is None


def test_a_missing_name_is_made_from_the_resource_and_stays(driver: Driver, admin: psycopg.Connection) -> None:
    role = driver.resource("Role", "auto")
    name = role.create()["name"]
    try:
        assert name.startswith("auto-")
        assert len(name) == len("auto-") + 7
        assert role.diff().changes == {}
    finally:
        role.delete()
    assert attributes(admin, name) is None


def test_import_takes_what_is_there(driver: Driver) -> None:
    driver.resource("Role").create(name=NAME, login=True, roles=["agent"])
    role = driver.imported("Role", NAME)
    assert role.diff(name=NAME, login=True, roles=["agent"]).changes == {}
    assert role.inputs["login"] is True


def test_a_preview_changes_nothing(driver: Driver, admin: psycopg.Connection) -> None:
    outputs = driver.resource("Role").preview_create(name=NAME, password=Secret(UNKNOWN))
    assert outputs["password"] == Secret(UNKNOWN)
    assert outputs["name"] == NAME
    assert attributes(admin) is None


def test_what_is_not_implemented_is_refused_by_property(driver: Driver) -> None:
    failures = driver.failures(
        "Role", name=NAME, passwordWo=Secret("x"), passwordWoVersion="1", encrypted="true", encryptedPassword=False,
        connectionLimit=-2, searchPaths=["a, b"], shoeSize=42,
    )  # fmt: skip
    assert set(failures) == {
        "passwordWo", "passwordWoVersion", "encrypted", "encryptedPassword", "connectionLimit", "searchPaths",
        "shoeSize",
    }  # fmt: skip
    assert failures["passwordWo"] == "the offline plugin does not implement this property; leave it out"
