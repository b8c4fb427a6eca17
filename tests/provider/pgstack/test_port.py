"""A Port is chosen once, and stays."""

import socket

import pytest

from infra.plugin import UNKNOWN
from tests.provider.pgstack.conftest import Manage
from tests.provider.plugin_client import PluginError


def test_it_is_free_when_chosen_and_stays_when_taken(manage: Manage) -> None:
    port = manage("local:Port")
    assert port.preview_create()["port"] == UNKNOWN
    port.create()
    chosen = port.state["port"]
    with socket.socket() as server:
        server.bind(("127.0.0.1", int(chosen)))
        assert port.refresh()
        assert port.state["port"] == chosen
        assert port.diff().changes == {}
    port.delete()


def test_it_can_not_be_imported(manage: Manage) -> None:
    with pytest.raises(PluginError, match="pgstack:local:Port can not be imported"):
        manage("local:Port").refresh()
