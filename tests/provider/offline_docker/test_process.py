"""The plugin's process, its own arguments, and an engine that is not there."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from infra.plugin import UNKNOWN
from tests.provider.offline_docker.conftest import EXECUTABLE
from tests.provider.offline_docker.driver import TOKENS, Driver
from tests.provider.plugin_client import PluginClient, PluginError, start_plugin, urn
from tools.offline_plugins.docker import provider


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[PluginClient]:
    """Give a plugin that is not configured yet; it needs no engine."""
    with start_plugin(EXECUTABLE, tmp_path) as (client, _process):
        yield client


def test_it_says_the_version_the_sdk_asks_for(fresh: PluginClient) -> None:
    assert fresh.version() == "5.2.0"


def test_the_default_provider_has_no_arguments(fresh: PluginClient) -> None:
    assert fresh.check_config({"version": "5.2.0"}).failures == []
    assert fresh.check_config({"host": UNKNOWN}).failures == []


def test_wrong_arguments_and_those_not_implemented_are_named(fresh: PluginClient) -> None:
    checked = fresh.check_config(
        {"host": "ssh://somewhere", "certPath": "/x", "registryAuth": "[]", "context": "desktop", "shoeSize": "42"}
    )
    assert {path for path, _ in checked.failures} == {"host", "certPath", "registryAuth", "context", "shoeSize"}


def test_an_engine_that_is_not_there_is_one_line(fresh: PluginClient, tmp_path: Path) -> None:
    fresh.configure({"host": f"unix://{tmp_path}/none.sock"})
    network = Driver(fresh).resource("Network")
    assert network.preview_create(name="it")["name"] == "it"  # a plan needs no engine
    with pytest.raises(PluginError) as refused:
        network.create(name="it")
    assert refused.value.message == (
        f"error creating network it: no Docker engine answers at unix://{tmp_path}/none.sock: "
        "No such file or directory; start it, or say another `host`"
    )
    for call in (network.refresh, network.delete):
        network.id = "it"
        with pytest.raises(PluginError, match="no Docker engine answers at"):  # never "it is gone"
            call()


def test_the_engine_of_the_environment(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "DOCKER_HOST": f"unix://{tmp_path}/other.sock"}
    with start_plugin(EXECUTABLE, tmp_path, environment) as (client, _process):
        client.configure({})
        with pytest.raises(PluginError, match=f"no Docker engine answers at unix://{tmp_path}/other.sock"):
            Driver(client).resource("Volume").create(name="it")


def test_where_an_engine_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(provider, "SOCKETS", (tmp_path / "usual.sock", tmp_path / "desktop.sock"))
    assert provider.configure({})["engine"].host == f"unix://{tmp_path}/usual.sock"
    (tmp_path / "desktop.sock").touch()
    assert provider.configure({})["engine"].host == f"unix://{tmp_path}/desktop.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert provider.configure({})["engine"].host == "tcp://127.0.0.1:2375"
    assert provider.configure({"host": "unix:///given.sock"})["engine"].host == "unix:///given.sock"


def test_an_unknown_type_is_named(fresh: PluginClient) -> None:
    with pytest.raises(PluginError, match="has no resource type docker:index/plugin:Plugin; it has docker:index/"):
        fresh.check(urn("docker:index/plugin:Plugin", "it"), {})


def test_it_goes_quietly_when_the_engine_is_done_with_it(tmp_path: Path) -> None:
    with start_plugin(EXECUTABLE, tmp_path) as (_client, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert (tmp_path / "plugin.err").read_text() == ""


def test_without_a_virtual_environment_it_says_what_to_do(tmp_path: Path) -> None:
    executable = tmp_path / "tools/offline_plugins/bin" / EXECUTABLE.name
    executable.parent.mkdir(parents=True)
    executable.write_bytes(EXECUTABLE.read_bytes())
    executable.chmod(0o755)
    run = subprocess.run([executable], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == (
        f"pulumi-resource-docker: there is no virtual environment at {tmp_path}/.venv; run `make up` there first\n"
    )


def test_parallel_work_does_not_meet(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    volumes = [driver.resource("Volume") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: pair[1].create(name=f"{name}-{pair[0]}"), enumerate(volumes)))
        assert len(engine.volumes.list(filters={"name": name})) == 8
        list(pool.map(lambda volume: volume.delete(), volumes))
    assert engine.volumes.list(filters={"name": name}) == []


def test_every_token_is_served(fresh: PluginClient) -> None:
    for token in TOKENS.values():
        fresh.check(urn(token, "it"), {"name": "it"})
