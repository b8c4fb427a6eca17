"""`docker.RemoteImage` through the protocol, against a real engine without a registry."""

import docker
import docker.errors
import pytest

from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

BASE = "debian:trixie-slim"


def test_an_image_that_is_here_is_found_and_kept(driver: Driver, engine: docker.DockerClient) -> None:
    wanted = {"name": BASE, "keepLocally": True}
    image = driver.resource("RemoteImage")
    state = image.create(**wanted)
    base = engine.images.get(BASE)
    assert (state["imageId"], image.id) == (base.id, f"{base.id}{BASE}")
    assert image.diff(**wanted).changes == {}
    before = dict(image.inputs)
    assert image.refresh()
    assert image.inputs == before
    image.delete()
    assert engine.images.get(BASE).id == base.id


def test_without_keep_locally_its_name_goes(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.images.get(BASE).tag(name, "1")
    image = driver.resource("RemoteImage")
    image.create(name=f"{name}:1")
    image.delete()
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(f"{name}:1")
    image.delete()


def test_one_removed_by_hand_is_gone(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.images.get(BASE).tag(name, "1")
    image = driver.resource("RemoteImage")
    image.create(name=f"{name}:1")
    engine.images.remove(f"{name}:1")
    assert not image.refresh()


def test_another_image_under_the_name_is_seen(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.images.get(BASE).tag(name, "1")
    image = driver.resource("RemoteImage")
    before = image.create(name=f"{name}:1")["imageId"]
    container = engine.containers.create(BASE, name=name)
    newer = container.commit(name, "1")
    assert image.refresh()
    assert (image.state["imageId"], before) == (newer.id, engine.images.get(BASE).id)


def test_one_that_is_nowhere_is_one_line(driver: Driver, name: str) -> None:
    missing = f"127.0.0.1:9/{name}:1"  # a registry where nobody listens
    with pytest.raises(PluginError) as refused:
        driver.resource("RemoteImage").create(name=missing)
    assert refused.value.message.startswith(f"image {missing} is neither in the engine nor can it be pulled (")
    assert "\n" not in refused.value.message


def test_another_name_replaces_it(driver: Driver) -> None:
    image = driver.resource("RemoteImage")
    image.create(name=BASE, keepLocally=True)
    assert image.diff(name="debian:other", keepLocally=False).replaces == ["name"]


def test_a_name_is_needed_and_no_build_is_implemented(driver: Driver) -> None:
    assert driver.failures("RemoteImage") == {"name": "the image's name is missing"}
    assert "does not implement" in driver.failures("RemoteImage", name=BASE, build={"context": "."})["build"]
