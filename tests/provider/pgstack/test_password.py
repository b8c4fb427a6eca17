"""A Password stays until its rotation changes."""

import pytest

from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack.conftest import Manage
from tests.provider.plugin_client import PluginError


def test_it_stays_until_rotated_and_is_secret(manage: Manage) -> None:
    password = manage("random:Password")
    assert password.preview_create(rotation="1")["value"] == Secret(UNKNOWN)
    password.create(rotation="1")
    first = password.state["value"]
    assert isinstance(first, Secret)
    assert len(first.value) >= 32
    assert password.refresh()
    assert password.state["value"] == first
    assert password.diff(rotation="1").changes == {}

    assert password.diff(rotation="2").changes == {"rotation": "UPDATE"}
    password.update(rotation="2")
    assert isinstance(password.state["value"], Secret)
    assert password.state["value"] != first
    password.delete()


def test_two_are_never_the_same(manage: Manage) -> None:
    one, other = manage("random:Password", "one"), manage("random:Password", "other")
    assert one.create()["value"] != other.create()["value"]


def test_a_short_one_is_refused(manage: Manage) -> None:
    assert list(manage("random:Password").failures(length=8)) == ["length"]


def test_it_can_not_be_imported(manage: Manage) -> None:
    with pytest.raises(PluginError, match="pgstack:random:Password can not be imported"):
        manage("random:Password").refresh()
