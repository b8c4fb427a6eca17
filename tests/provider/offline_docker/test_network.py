"""`docker.Network` through the protocol, against a real engine."""

import threading

import docker
import pytest

from infra.plugin import UNKNOWN
from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

LABELS = [{"label": "stack", "value": "test"}]


def test_create_read_delete(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    wanted = {"name": name, "labels": LABELS, "internal": True, "options": {"com.docker.network.bridge.name": "odt0"}}
    network = driver.resource("Network")
    state = network.create(**wanted)
    live = engine.networks.get(network.id)
    assert (live.name, live.attrs["Internal"], live.attrs["Labels"]) == (name, True, {"stack": "test"})
    assert (state["driver"], state["scope"]) == ("bridge", "local")
    assert network.diff(**wanted).changes == {}
    before = dict(network.inputs)
    assert network.refresh()
    assert network.inputs == before
    assert network.diff(**wanted).changes == {}
    network.delete()
    assert engine.networks.list(names=[name]) == []
    network.delete()


def test_one_removed_by_hand_is_gone(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    network = driver.resource("Network")
    network.create(name=name)
    engine.networks.get(network.id).remove()
    assert not network.refresh()


def test_addresses_are_given(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    wanted = {"name": name, "ipamConfigs": [{"subnet": "10.213.77.0/24", "gateway": "10.213.77.1"}]}
    network = driver.resource("Network")
    network.create(**wanted)
    assert engine.networks.get(network.id).attrs["IPAM"]["Config"] == [
        {"Subnet": "10.213.77.0/24", "Gateway": "10.213.77.1"}
    ]
    assert network.diff(**wanted).changes == {}


def test_every_change_replaces_it_the_old_one_first(driver: Driver, name: str) -> None:
    network = driver.resource("Network")
    network.create(name=name)
    changed = network.diff(name=name, labels=LABELS, internal=True)
    assert (changed.replaces, changed.delete_first) == (["internal", "labels"], True)


def test_a_name_that_is_taken_is_an_error(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.networks.create(name, labels={"stack": "another"})
    for labels, why in ({"labels": LABELS}, "differs in `labels`"), ({}, "no label tells that it is ours"):
        with pytest.raises(PluginError, match=rf"^error creating network {name}: it exists already and {why}; remove"):
            driver.resource("Network").create(name=name, **labels)
    assert len(engine.networks.list(names=[name])) == 1


def test_what_an_interrupted_create_left_is_taken_over(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    left = engine.networks.create(name, labels={"stack": "test"})
    network = driver.resource("Network")
    network.create(name=name, labels=LABELS)
    assert network.id == left.id
    assert ("warning", f"network {name} exists already, made as wanted and with the same labels: it is taken over") in (
        driver.client.engine.logs
    )


def test_delete_waits_for_the_last_container(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    network = driver.resource("Network")
    network.create(name=name)
    container = engine.containers.run(
        "debian:trixie-slim", ["sleep", "600"], name=name, network=name, detach=True, init=True
    )
    leaving = threading.Timer(1.0, lambda: container.remove(force=True))
    leaving.start()
    try:
        network.delete()
    finally:
        leaving.join()
    assert engine.networks.list(names=[name]) == []


def test_import_takes_what_is_there(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    there = engine.networks.create(name, labels={"stack": "test"}, internal=True)
    network = driver.imported("Network", str(there.id))
    assert network.diff(name=name, labels=LABELS, internal=True).changes == {}


def test_a_preview_makes_nothing(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    outputs = driver.resource("Network").preview_create(name=name, driver=UNKNOWN)
    assert (outputs["name"], outputs["driver"], outputs["scope"]) == (name, UNKNOWN, UNKNOWN)
    assert engine.networks.list(names=[name]) == []


def test_without_a_name_it_gets_one(driver: Driver, name: str) -> None:
    network = driver.resource("Network", name)
    assert network.create()["name"].startswith(f"{name}-")
    assert network.diff().changes == {}


def test_an_unknown_property_is_refused(driver: Driver) -> None:
    assert driver.failures("Network", name="x", colour="red") == {"colour": "Extra inputs are not permitted"}
