"""Real servers for the tests: one embedded PostgreSQL a run, one fresh database a test."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import docker
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from infra.embedded.account import Account, service_account
from infra.embedded.cluster import Cluster
from infra.embedded.distribution import install
from tests import interruption
from tools.docker_engine import connection as docker_connection
from tools.docker_engine import stand_ins
from tools.docker_engine.failure import NoEngineError

LONGEST_FIRST = ("containers", "standing")
"""Groups of end-to-end tests that share a stack, which takes a minute to make: each stays in one process."""

EACH_BY_ITSELF = ("tests/schema/engine/test_plans.py",)
"""Files of many tests that share nothing but a process's server: each may run in any process."""

EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")
GROUP_ROLES = ("anon", "authenticated", "service_role", "agent", "orchestrator", "observer", "maintenance")
OWNER = "ecosystem_owner"
ROLES = ("backup", OWNER, *GROUP_ROLES)
EXTENDED = "extended"
"""A database with the extensions, to be copied: that takes a quarter of the time of making them."""


GIVEN = "AGENT_ECOSYSTEM_TEST_SERVER"
"""Names a server to run on instead of one of our own: the URL of its superuser `postgres`, on 127.0.0.1."""


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL with the roles a stack makes: superuser `postgres`, the owner, `backup`, the groups.

    Args:
        embedded: what runs it; None where it was given (`GIVEN`).
        port: on 127.0.0.1.
        password: of each of its roles that may log in.
    """

    embedded: Cluster | None
    port: int
    password: str

    @property
    def cluster(self) -> Cluster:
        """Return what runs it; skips a test that asks for this of a server that was given."""
        if self.embedded is None:
            pytest.skip(f"this needs a server of our own, to configure or stop: {GIVEN} names another")
        return self.embedded

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"


@dataclass(frozen=True)
class Database:
    """A database as `pulumi up` leaves it before the schema: extensions in `extensions`, nothing in `public`."""

    name: str
    admin_url: str
    owner_url: str
    backup_url: str


def group(item: pytest.Item) -> str:
    """Return the tests that `item` has to run with, in one process: those of its stack, of its file, or none."""
    file = item.nodeid.partition("::")[0]
    if file.startswith("tests/e2e/docker/"):
        return "containers"
    if file.startswith("tests/e2e/") and "standing" in getattr(item, "fixturenames", ()):
        return "standing"
    return item.nodeid if file in EACH_BY_ITSELF else file


def turn(item: pytest.Item) -> int:
    """Return when `item` has its turn: what takes minutes first, so that no process ends long after the other."""
    place = group(item)
    if place in LONGEST_FIRST:
        return LONGEST_FIRST.index(place)
    return len(LONGEST_FIRST) + (0 if place.startswith("tests/e2e/") else 1)


def pytest_configure(config: pytest.Config) -> None:
    """Let the run be interrupted, and the programs that tests start, as from a terminal.

    A shell's background job ignores SIGINT, and so does all it starts. Pulumi ends its language host by it, and waits
    5 s for one that ignores it: at every command.
    """
    interruption.register(config)


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell the processes of one run (`make test`) how to share the work; one process alone keeps the usual order."""
    if hasattr(config, "workerinput"):
        for item in items:
            item.add_marker(pytest.mark.xdist_group(group(item)))
        items.sort(key=turn)


@pytest.fixture(scope="session")
def account() -> Account:
    return service_account()


@contextmanager
def running_server(account: Account) -> Iterator[Server]:
    """Run a server with the roles of a stack; it goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="ae-test-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    account.own(folder)
    cluster = Cluster(install(), account, folder)
    try:
        password = secrets.token_urlsafe(12)
        cluster.init(password)
        port = cluster.start(settings={"fsync": "off", "full_page_writes": "off"})
        running = Server(cluster, port, password)
        prepare(running)
        yield running
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def given_server(url: str) -> Iterator[Server]:
    """Take the server at `url`, which somebody else runs; what a stack makes there goes with the block."""
    parts = conninfo_to_dict(url)
    assert (parts["user"], parts["host"]) == ("postgres", "127.0.0.1"), f"{GIVEN} names no postgres@127.0.0.1"
    given = Server(None, int(str(parts["port"])), str(parts.get("password", "")))
    with psycopg.connect(given.url()) as admin:  # what is there would go at the end
        there = admin.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(ROLES),)).fetchall()
    assert not there, f"{GIVEN} names a server that is in use: it has {there}"
    try:
        prepare(given)
        yield given
    finally:
        with psycopg.connect(given.url(), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(EXTENDED)))
            for name in ROLES:
                admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def server(account: Account) -> Iterator[Server]:
    url = os.environ.get(GIVEN)
    with given_server(url) if url else running_server(account) as running:
        yield running


def prepare(server: Server) -> None:
    """Make the roles that a stack makes before its schema, and the database that the tests' ones are copies of."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        create_roles(admin, server.password)
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(EXTENDED), sql.Identifier(OWNER)))
    _create_extensions(server.url(EXTENDED))


def create_roles(connection: psycopg.Connection, password: str) -> None:
    """Make the groups, the owner and the backup role."""
    for name in GROUP_ROLES:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    for name, options in ((OWNER, "CREATEDB"), ("backup", "BYPASSRLS IN ROLE pg_read_all_data, maintenance")):
        command = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} " + options)
        connection.execute(command.format(sql.Identifier(name), sql.Literal(password)))


_serial = count(1)


@contextmanager
def fresh_database(server: Server, template: str = EXTENDED) -> Iterator[Database]:
    """Make a copy of the database `template`; it goes with the block."""
    name = f"test_{next(_serial)}"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )
    try:
        yield Database(name, server.url(name), server.url(name, OWNER), server.url(name, "backup"))
    finally:
        with psycopg.connect(server.url(), autocommit=True) as admin:  # a test may have restarted the server
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _create_extensions(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as inside:
        inside.execute(sql.SQL("CREATE SCHEMA extensions AUTHORIZATION {}").format(sql.Identifier(OWNER)))
        inside.execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC")
        add_extensions(inside)


def add_extensions(connection: psycopg.Connection) -> None:
    """Make the stack's extensions; of a server that was given, those it has. The tests of others skip, or fail."""
    packaged = connection.execute("SELECT name FROM pg_available_extensions WHERE name = ANY (%s)", (list(EXTENSIONS),))
    there = {name for (name,) in packaged.fetchall()}
    for extension in EXTENSIONS:
        if extension in there or not os.environ.get(GIVEN):
            connection.execute(sql.SQL("CREATE EXTENSION {} SCHEMA extensions").format(sql.Identifier(extension)))


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with fresh_database(server) as made:
        yield made


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """Give a Docker engine that has the base images; where there is none, skip and say why.

    Nothing is installed or started here: `python -m tools.docker_engine up` does that, and tells in NO_DOCKER_ENGINE
    (see .ci/run) why it could not.
    """
    try:
        with docker_connection.connected() as client:
            stand_ins.provide(client, print)
            yield client
    except NoEngineError as error:
        pytest.skip(os.environ.get("NO_DOCKER_ENGINE") or str(error))
