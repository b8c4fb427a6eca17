"""The offline docker plugin, started from its executable, in front of a real engine; skipped where none can be had."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import docker.errors
import pytest

from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginClient, start_plugin
from tools.docker_engine import connection

MADE_BY = "offline-docker-test"
"""The label by which the stages of an image are found again; its value is the test's name for things."""

EXECUTABLE = Path(__file__).parents[3] / "tools/offline_plugins/bin/pulumi-resource-docker"


@pytest.fixture(scope="module")
def client(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginClient]:  # noqa: ARG001
    folder = tmp_path_factory.mktemp("plugin")
    with start_plugin(EXECUTABLE, folder) as (running, _process):
        running.configure({"host": connection.address(), "version": "5.2.0"})
        yield running
    assert (folder / "plugin.err").read_text() == ""


@pytest.fixture
def driver(client: PluginClient) -> Driver:
    return Driver(client)


@pytest.fixture
def name(engine: docker.DockerClient) -> Iterator[str]:
    """Give a name nobody has, for what a test makes (also as the beginning of names); it takes away what is left."""
    prefix = f"offline-docker-{secrets.token_hex(4)}"
    yield prefix
    for container in engine.containers.list(all=True, filters={"name": prefix}, ignore_removed=True):
        container.remove(force=True, v=True)
    for network in engine.networks.list(names=[prefix]):
        network.remove()
    for volume in engine.volumes.list(filters={"name": prefix}):
        volume.remove(force=True)
    # Not `engine.images.list()`: it looks at each image, and fails on one that somebody removes meanwhile.
    tags = [tag for image in engine.api.images() for tag in image["RepoTags"] or () if tag.startswith(prefix)]
    stages = [image["Id"] for image in engine.api.images(filters={"label": f"{MADE_BY}={prefix}"})]
    for reference in [*tags, *stages]:
        with suppress(docker.errors.ImageNotFound):  # gone with the one before
            engine.images.remove(reference, force=True)
