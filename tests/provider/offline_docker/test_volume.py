"""`docker.Volume` through the protocol, against a real engine."""

import threading

import docker
import docker.errors
import pytest

from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

LABELS = [{"label": "stack", "value": "test"}]


def test_create_read_delete(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    wanted = {
        "name": name,
        "labels": LABELS,
        "driverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"},
    }
    volume = driver.resource("Volume")
    state = volume.create(**wanted)
    live = engine.volumes.get(name)
    assert (volume.id, state["mountpoint"]) == (name, live.attrs["Mountpoint"])
    assert (live.attrs["Labels"], live.attrs["Options"]["o"]) == ({"stack": "test"}, "size=1m")
    assert volume.diff(**wanted).changes == {}
    before = dict(volume.inputs)
    assert volume.refresh()
    assert volume.inputs == before
    volume.delete()
    with pytest.raises(docker.errors.NotFound):
        engine.volumes.get(name)
    volume.delete()


def test_one_removed_by_hand_is_gone(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    volume = driver.resource("Volume")
    volume.create(name=name)
    engine.volumes.get(name).remove()
    assert not volume.refresh()


def test_other_labels_replace_it(driver: Driver, name: str) -> None:
    volume = driver.resource("Volume")
    volume.create(name=name)
    changed = volume.diff(name=name, labels=LABELS)
    assert (changed.replaces, changed.delete_first) == (["labels"], True)
    assert volume.diff(name=f"{name}-2").delete_first is False


def test_a_strangers_volume_is_not_adopted(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.volumes.create(name)
    importing = rf"`pulumi import docker:index/volume:Volume it {name}`"
    message = rf"^error creating volume {name}: it exists already and .*`docker volume rm`.*{importing}"
    with pytest.raises(PluginError, match=message):
        driver.resource("Volume").create(name=name)
    with pytest.raises(PluginError, match="differs in `labels`"):
        driver.resource("Volume").create(name=name, labels=LABELS)


def test_what_an_interrupted_create_left_is_taken_over(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.volumes.create(name, labels={"stack": "test"})
    driver.resource("Volume").create(name=name, labels=LABELS)
    assert any(f"volume {name} exists already" in message for _, message in driver.client.engine.logs)


def test_delete_waits_for_the_last_container(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    volume = driver.resource("Volume")
    volume.create(name=name)
    container = engine.containers.create("debian:trixie-slim", name=name, volumes=[f"{name}:/data"])
    leaving = threading.Timer(1.0, lambda: container.remove(force=True))
    leaving.start()
    try:
        volume.delete()
    finally:
        leaving.join()
    assert engine.volumes.list(filters={"name": name}) == []


def test_import_takes_what_is_there(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.volumes.create(name, labels={"stack": "test"})
    volume = driver.imported("Volume", name)
    assert volume.diff(name=name, labels=LABELS).changes == {}


def test_what_is_not_implemented_is_refused(driver: Driver) -> None:
    assert (
        "does not implement this property" in driver.failures("Volume", name="x", cluster={"scope": "multi"})["cluster"]
    )
