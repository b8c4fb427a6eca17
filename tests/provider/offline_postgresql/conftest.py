"""The offline postgresql plugin, started from its executable and configured for the test server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.plugin import Secret
from tests.conftest import Server
from tests.provider.offline_postgresql.driver import Driver
from tests.provider.plugin_client import PluginClient, start_plugin

EXECUTABLE = Path(__file__).parents[3] / "tools/offline_plugins/bin/pulumi-resource-postgresql"


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginClient]:
    folder = tmp_path_factory.mktemp("plugin")
    with start_plugin(EXECUTABLE, folder) as (running, _process):
        running.configure(provider_arguments(server))
        yield running
    assert (folder / "plugin.err").read_text() == ""


@pytest.fixture
def driver(client: PluginClient) -> Driver:
    return Driver(client)


@pytest.fixture
def admin(server: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        yield connection


def provider_arguments(server: Server, **others: object) -> dict[str, object]:
    """Return the arguments as the SDK sends them: what is no text is JSON text."""
    return {
        "host": "127.0.0.1",
        "port": str(server.port),
        "username": "postgres",
        "password": Secret(server.password),
        "sslmode": "disable",
        "superuser": "true",
        "connectTimeout": "10",
        "version": "3.18.2",
        **others,
    }
