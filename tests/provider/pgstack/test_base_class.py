"""What every plugin gets from infra/plugin when its handler does not return."""

import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack import halfway
from tests.provider.plugin_client import PluginClient, PluginError, start_plugin, urn

PROJECT = Path(__file__).parents[3]
URN = urn("halfway:index:Halfway", "it")
INPUTS = {"given": Secret("a-secret-input"), "reason": "none"}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginClient]:
    folder = tmp_path_factory.mktemp("halfway")
    executable = folder / "pulumi-resource-halfway"
    executable.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{halfway.__file__}" "$@"\n')
    executable.chmod(0o755)
    with start_plugin(executable, folder, {"PYTHONPATH": str(PROJECT)}) as (client, _process):
        yield client
    errors = (folder / "plugin.err").read_text()
    assert errors.count("RuntimeError: a defect") == errors.count("Traceback") == 1


def test_the_state_of_a_create_half_done_is_kept_and_its_secrets_with_it(plugin: PluginClient) -> None:
    with pytest.raises(PluginError, match="the other half is missing") as stopped:
        plugin.create(URN, INPUTS)
    assert stopped.value.partial == {
        "given": Secret("a-secret-input"),
        "generated": Secret("pass-word"),
        "reason": "none",
        "size": 1,
    }


def test_the_state_of_an_update_half_done_is_kept_and_its_secrets_with_it(plugin: PluginClient) -> None:
    with pytest.raises(PluginError, match="still missing") as stopped:
        plugin.update(URN, "half", INPUTS, INPUTS, INPUTS)
    assert stopped.value.partial == {**INPUTS, "generated": Secret("pass-word")}


def test_a_check_that_fails_only_later_is_an_error_of_one_line(plugin: PluginClient) -> None:
    with pytest.raises(PluginError, match="size: too large by now") as refused:
        plugin.create(URN, {**INPUTS, "reason": "check"})
    assert refused.value.code == grpc.StatusCode.FAILED_PRECONDITION


def test_values_that_only_turn_out_wrong_later_are_one_line(plugin: PluginClient) -> None:
    """Unknown while they were checked."""
    assert plugin.check(URN, {**INPUTS, "size": UNKNOWN}).failures == []
    with pytest.raises(PluginError, match=r"^size: Input should be a valid integer") as refused:
        plugin.create(URN, {**INPUTS, "size": "a-secret-input"})
    assert "\n" not in refused.value.message
    assert "a-secret-input" not in refused.value.message


def test_a_defect_says_so_and_leaves_its_trace_on_standard_error(plugin: PluginClient) -> None:
    with pytest.raises(PluginError, match="halfway: RuntimeError: a defect") as failed:
        plugin.read(URN, "half", INPUTS, INPUTS)
    assert failed.value.code == grpc.StatusCode.INTERNAL


def test_its_only_function_says_that_it_is_ready(plugin: PluginClient) -> None:
    assert plugin.invoke("halfway:index:ready") == {}
    with pytest.raises(PluginError, match="this halfway plugin has no function halfway:index:other"):
        plugin.invoke("halfway:index:other")
