"""What a stack has in the Docker engine is compared with its state, and what interrupted creates left is removed."""

import gc
import secrets
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docker
import docker.errors
import pytest

from infra.targets.docker.naming import STATE_LABEL
from tools.bootstrap import containers
from tools.bootstrap.interrupted_creates import PendingCreate

IMAGE = "debian:trixie-slim"
BACKEND = "file:///here/.state/backend"


@pytest.fixture
def name(engine: docker.DockerClient) -> Iterator[str]:
    name = f"bootstrap-{secrets.token_hex(4)}"
    yield name
    for container in engine.containers.list(all=True, filters={"name": name}):
        container.remove(force=True, v=True)
    for network in engine.networks.list(names=[name]):
        network.remove()
    for volume in engine.volumes.list(filters={"name": name}):
        volume.remove(force=True)


def entry(type_: str, id_: str | None, **inputs: object) -> dict[str, Any]:
    urn = f"urn:pulumi:docker::agent-ecosystem::{type_}::thing"
    return {"urn": urn, "type": type_, "id": id_, "inputs": inputs}


def test_what_stands_is_not_gone(engine: docker.DockerClient, name: str) -> None:
    running = engine.containers.run(IMAGE, ["sleep", "600"], name=name, detach=True, init=True)
    waiting = engine.containers.create(IMAGE, ["true"], name=f"{name}-files")
    network, volume = engine.networks.create(name), engine.volumes.create(name)
    state = [
        entry(containers.CONTAINER, running.id),
        entry(containers.CONTAINER, waiting.id, mustRun=False),
        entry(containers.NETWORK, network.id),
        entry(containers.VOLUME, volume.name),
    ]
    assert containers.gone(state) == []
    running.kill()
    assert containers.gone(state) == state[:1]
    for thing in (running, waiting):
        thing.remove()
    network.remove()
    volume.remove()
    assert containers.gone(state) == state


def test_all_of_a_stack_but_its_data_is_removed(engine: docker.DockerClient, name: str) -> None:
    ours, strange = {containers.STACK_LABEL: name}, {containers.STACK_LABEL: "another"}
    for labels, end in ((ours, ""), (strange, "-strange")):
        engine.containers.run(IMAGE, ["sleep", "600"], name=name + end, labels=labels, detach=True, init=True)
        engine.networks.create(name + end, labels=labels)
        engine.volumes.create(name + end, labels=labels)
    containers.remove_of_stack(name)
    assert [found.name for found in engine.containers.list(all=True, filters={"name": name})] == [f"{name}-strange"]
    assert [found.name for found in engine.networks.list(names=[name])] == [f"{name}-strange"]
    assert len(engine.volumes.list(filters={"name": name})) == 2


def test_only_what_the_engine_has_is_looked_up() -> None:
    export = {
        "deployment": {
            "resources": [
                entry("docker:index/image:Image", "x"),
                entry("pgstack:local:Service", "postgres"),
                entry(containers.CONTAINER, None),
                entry(containers.VOLUME, "data"),
            ]
        }
    }
    assert [found["id"] for found in containers.of_docker(export)] == ["data"]
    assert containers.of_docker({"deployment": {}}) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Docker's library forgets a socket
def test_without_an_engine_nothing_is_said_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert containers.gone([entry(containers.VOLUME, "data")]) == []
    assert containers.known_elsewhere("docker", BACKEND) == ([], [])
    containers.remove_build_stages()
    gc.collect()


def test_only_what_bears_the_stacks_label_is_removed(engine: docker.DockerClient, name: str) -> None:
    ours = {containers.STACK_LABEL: "docker"}
    engine.containers.create(IMAGE, ["true"], name=name, labels=ours)
    engine.containers.create(IMAGE, ["true"], name=f"{name}-strange")
    engine.networks.create(name, labels=ours)
    engine.networks.create(f"{name}-strange")
    engine.volumes.create(name, labels=ours)
    creates = [
        PendingCreate(entry(type_, None, name=wanted))
        for type_ in (containers.CONTAINER, containers.NETWORK, containers.VOLUME)
        for wanted in (name, f"{name}-strange", f"{name}-missing")
    ]
    containers.remove_unfinished(creates, BACKEND)
    assert [found.name for found in engine.containers.list(all=True, filters={"name": name})] == [f"{name}-strange"]
    assert [found.name for found in engine.networks.list(names=[name])] == [f"{name}-strange"]
    assert engine.volumes.get(name).name == name


def test_what_another_state_knows_is_told_and_stays(engine: docker.DockerClient, name: str) -> None:
    ours = {containers.STACK_LABEL: name}
    engine.containers.create(IMAGE, ["true"], name=name, labels=ours)
    assert containers.known_elsewhere(name, BACKEND) == ([], [])  # an earlier release's does not tell
    engine.containers.create(IMAGE, ["true"], name=f"{name}-files", labels={**ours, STATE_LABEL: "file:///there"})
    assert containers.known_elsewhere(name, "file:///there") == ([], [])
    assert containers.known_elsewhere(name, BACKEND) == (["file:///there"], [name, f"{name}-files"])
    create = PendingCreate(
        {**entry(containers.CONTAINER, None, name=name), "urn": f"urn:pulumi:{name}::agent-ecosystem::thing::thing"}
    )
    containers.remove_unfinished([create], BACKEND)
    assert len(engine.containers.list(all=True, filters={"name": name})) == 2
    containers.remove_unfinished([create], "file:///there")
    assert [found.name for found in engine.containers.list(all=True, filters={"name": name})] == [f"{name}-files"]


def test_an_image_that_was_pulled_since_is_another(engine: docker.DockerClient, name: str) -> None:
    reference = f"{name}:1"
    old = engine.images.get(IMAGE)
    old.tag(reference)
    outputs = {"name": reference, "imageId": old.id}
    state = {"deployment": {"resources": [{**entry(containers.REMOTE_IMAGE, "id"), "outputs": outputs}]}}
    try:
        assert containers.other_images(state) == []
        newer, _ = engine.images.build(
            fileobj=BytesIO(f"FROM {IMAGE}\nLABEL newer=1\n".encode()), tag=reference, rm=True
        )
        assert newer.id != old.id
        assert containers.other_images(state) == state["deployment"]["resources"]
    finally:
        engine.images.remove(reference)
    assert containers.other_images(state) == []  # without one, `up` has nothing else to run
    assert containers.other_images({"deployment": {}}) == []
