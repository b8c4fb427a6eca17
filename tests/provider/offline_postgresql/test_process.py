"""The plugin as a process: how it starts, is configured, waits for a server, acts without superuser, and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.embedded.ports import free_port
from infra.plugin import UNKNOWN, Secret
from tests.conftest import Server
from tests.provider.offline_postgresql.conftest import EXECUTABLE, provider_arguments
from tests.provider.offline_postgresql.driver import TOKENS, Driver
from tests.provider.plugin_client import PluginClient, PluginError, start_plugin, urn
from tests.waiting import wait_until

pytestmark = pytest.mark.server


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[PluginClient]:
    """Give a plugin that is not configured yet."""
    with start_plugin(EXECUTABLE, tmp_path) as (client, _process):
        yield client
    assert (tmp_path / "plugin.err").read_text() == ""


def test_it_reports_the_version_the_sdk_asks_for(client: PluginClient) -> None:
    assert client.version() == "3.18.2"


def test_it_starts_through_a_symbolic_link_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()  # must not shadow the checkout's package
    (tmp_path / "infra/__init__.py").write_text("raise SystemExit('the wrong infra')")
    link = tmp_path / "pulumi-resource-postgresql"
    link.symlink_to(EXECUTABLE)
    with start_plugin(link, tmp_path) as (client, _process):
        assert client.version() == "3.18.2"


def test_a_missing_environment_is_one_clear_line(tmp_path: Path) -> None:
    copy = tmp_path / "tools/offline_plugins/bin/pulumi-resource-postgresql"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(EXECUTABLE.read_bytes())
    copy.chmod(0o755)
    done = subprocess.run([copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"pulumi-resource-postgresql: there is no virtual environment at {tmp_path.resolve()}/.venv; "
        "run `make up` there first\n"
    )


def test_it_ends_when_the_engine_is_killed() -> None:
    parent_code = (
        "import subprocess, sys, time\n"
        "plugin = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE)\n"
        "plugin.stdout.readline()\n"
        "print(plugin.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code, EXECUTABLE], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        plugin = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not plugin.is_running() or plugin.status() == psutil.STATUS_ZOMBIE, "the plugin ends")


def test_wrong_arguments_are_refused_by_property(fresh: PluginClient, server: Server) -> None:
    checked = fresh.check_config(
        provider_arguments(
            server, port='"a lot"', sslmode="maybe", scheme="awspostgres", awsRdsIamAuth="true", shoeSize="42"
        )
    )
    assert {path for path, _reason in checked.failures} == {"port", "sslmode", "scheme", "awsRdsIamAuth", "shoeSize"}
    inline = '{"cert": "a", "key": "b", "sslinline": true}'
    assert [path for path, _ in fresh.check_config(provider_arguments(server, clientcert=inline)).failures] == [
        "clientcert.sslinline"
    ]


def test_wrong_arguments_stop_the_configuration_in_one_line(fresh: PluginClient, server: Server) -> None:
    with pytest.raises(PluginError, match=r"^port: Input should be a valid integer[^\n]*$"):
        fresh.configure(provider_arguments(server, port="many"))


def test_it_goes_quietly_when_the_engine_is_done_with_it(tmp_path: Path) -> None:
    with start_plugin(EXECUTABLE, tmp_path) as (_client, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert (tmp_path / "plugin.err").read_text() == ""


def test_unknown_arguments_wait_for_their_values(fresh: PluginClient, server: Server) -> None:
    assert fresh.check_config(provider_arguments(server, port=UNKNOWN)).failures == []


def test_numbers_and_booleans_arrive_as_text_or_as_themselves(fresh: PluginClient, server: Server) -> None:
    fresh.configure(provider_arguments(server, port=server.port, superuser=True, connectTimeout=10, maxConnections="1"))
    assert fresh.read(urn(TOKENS["Role"], "it"), "postgres", {}, {}) is not None


def test_tls_is_asked_for_unless_told_otherwise(fresh: PluginClient, server: Server) -> None:
    arguments = provider_arguments(server)
    del arguments["sslmode"]
    fresh.configure(arguments)
    with pytest.raises(PluginError, match="server does not support SSL, but SSL was required"):
        fresh.read(urn(TOKENS["Role"], "it"), "postgres", {}, {})


def test_a_wrong_password_is_one_line_without_the_password(fresh: PluginClient, server: Server) -> None:
    fresh.configure(provider_arguments(server, password=Secret("wrong-4711")))
    started = time.monotonic()
    with pytest.raises(PluginError) as refused:
        fresh.create(urn(TOKENS["Role"], "it"), {"name": "never"})
    assert refused.value.message.startswith(f"error connecting to PostgreSQL server 127.0.0.1:{server.port}: ")
    assert 'password authentication failed for user "postgres"' in refused.value.message
    assert "wrong-4711" not in refused.value.message
    assert "\n" not in refused.value.message
    assert time.monotonic() - started < 5  # it is an answer: no reason to wait


def test_it_waits_for_a_server_that_is_starting(fresh: PluginClient, server: Server, tmp_path: Path) -> None:
    port = free_port()
    fresh.configure(provider_arguments(server, port=port))
    forward = (
        "import socket, sys, threading\n"
        "def pump(a, b):\n"
        "    while data := a.recv(65536): b.sendall(data)\n"
        "    b.shutdown(socket.SHUT_WR)\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    near = listener.accept()[0]\n"
        "    far = socket.create_connection(('127.0.0.1', int(sys.argv[2])))\n"
        "    for pair in ((near, far), (far, near)): threading.Thread(target=pump, args=pair, daemon=True).start()\n"
    )
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(fresh.read, urn(TOKENS["Role"], "it"), "postgres", {}, {})
        with pytest.raises(TimeoutError):
            answer.result(timeout=0.7)
        with subprocess.Popen([sys.executable, "-c", forward, str(port), str(server.port)], cwd=tmp_path) as late:
            try:
                assert answer.result(timeout=10) is not None
            finally:
                late.kill()


def test_delete_fails_when_the_server_is_gone(fresh: PluginClient, server: Server) -> None:
    fresh.configure(provider_arguments(server, port=free_port()))
    with pytest.raises(PluginError, match=r"^error connecting to PostgreSQL server .*[Cc]onnection refused"):
        fresh.delete(urn(TOKENS["Role"], "it"), "it", {"name": "it"})


def test_an_unknown_type_is_named(client: PluginClient) -> None:
    with pytest.raises(PluginError, match="has no resource type postgresql:index/grant:Grant; it has"):
        client.check(urn("postgresql:index/grant:Grant", "it"), {})


def test_parallel_changes_do_not_meet(driver: Driver, admin: psycopg.Connection) -> None:
    roles = [driver.resource("Role", f"parallel{i}") for i in range(12)]
    admin.execute("CREATE SCHEMA offline_shared")
    try:
        with ThreadPoolExecutor(12) as pool:
            states = list(pool.map(lambda role: role.create(roles=["agent", "anon"]), roles))
            for state in states:
                admin.execute(f'GRANT USAGE ON SCHEMA offline_shared TO "{state["name"]}"')
            # Each DROP OWNED takes its role out of the one access list.
            list(pool.map(lambda role: role.delete(), roles))
        assert admin.execute("SELECT 1 FROM pg_roles WHERE rolname LIKE 'parallel%'").fetchall() == []
    finally:
        admin.execute("DROP SCHEMA offline_shared")


def test_without_superuser_roles_are_lent_and_given_back(
    fresh: PluginClient, server: Server, admin: psycopg.Connection
) -> None:
    admin.execute(f"CREATE ROLE offline_manager LOGIN CREATEROLE CREATEDB PASSWORD '{server.password}'")
    fresh.configure(provider_arguments(server, username="offline_manager", superuser="false"))
    driver = Driver(fresh)
    try:
        role, database, schema = (driver.resource(kind, "managed") for kind in ("Role", "Database", "Schema"))
        owner = role.create(login=True, password=Secret("pass-4711"))["name"]
        name = database.create(owner=owner)["name"]
        schema.create(name="app", database=name, owner=owner, policies=[{"role": owner, "usage": True}])
        assert schema.refresh()
        query = "SELECT 1 FROM pg_auth_members WHERE roleid::regrole::text LIKE '%managed%' AND set_option"
        assert admin.execute(query).fetchall() == []
        for resource in (schema, database, role):
            resource.delete()
        assert not role.refresh()
    finally:
        admin.execute("DROP ROLE offline_manager")


def test_superuser_claimed_but_not_held_says_what_to_do(
    fresh: PluginClient, server: Server, admin: psycopg.Connection
) -> None:
    admin.execute(f"CREATE ROLE offline_manager LOGIN CREATEROLE PASSWORD '{server.password}'")
    fresh.configure(provider_arguments(server, username="offline_manager"))
    role = Driver(fresh).resource("Role")
    try:
        with pytest.raises(PluginError, match="say `superuser=False` in the provider's arguments"):
            role.create(name="offline_role", login=True, password=Secret("x"))
    finally:
        admin.execute("DROP ROLE IF EXISTS offline_role")
        admin.execute("DROP ROLE offline_manager")
