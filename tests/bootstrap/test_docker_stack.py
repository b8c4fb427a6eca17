"""A small stack of containers: the real Pulumi, the stand-in for its docker plugin, a real engine."""

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator

import docker
import docker.errors
import pytest

from tests.bootstrap.conftest import Clone
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

PASSWORD = "correct-horse-4711"

PROGRAM = """
import os, pulumi, pulumi_docker as docker
name = os.environ["NAME"]
labels = [{"label": "stack", "value": name}]
network = docker.Network("network", name=name, labels=labels)
volume = docker.Volume("volume", name=name, labels=labels)
build = {"context": "job", "platform": "linux/amd64"}
image = docker.Image("image", image_name=f"{name}:1", skip_push=True, build=build)
password = pulumi.Output.secret(os.environ["SECRET"])
container = docker.Container(
    "container",
    name=name,
    image=image.repo_digest,
    command=["sh", "-c", "cat /greeting; exec sleep 600"],
    init=True,
    envs=[pulumi.Output.concat("PASSWORD=", password)],
    uploads=[{"file": "/run/secrets/password", "content": password, "permissions": "0400"}],
    networks_advanced=[{"name": network.id, "aliases": ["job"]}],
    mounts=[{"type": "volume", "source": volume.name, "target": "/data"}],
    ports=[{"internal": 8080, "ip": "127.0.0.1"}],
    healthcheck={"tests": ["CMD-SHELL", os.environ.get("HEALTHY", "true")], "interval": "500ms"},
    memory=64,
    wait=True,
    wait_timeout=120,
)
pulumi.export("port", container.ports[0].external)
"""


@pytest.fixture
def stack(clone: Clone, engine: docker.DockerClient) -> Iterator[Clone]:
    """Give a clone whose stack makes a container; whatever a test leaves of it goes."""
    name = f"docker-stack-{secrets.token_hex(4)}"
    clone.environment.update(NAME=name, SECRET=PASSWORD)
    (clone.root / "__main__.py").write_text(PROGRAM)
    (clone.root / "job").mkdir()
    (clone.root / "job" / "Dockerfile").write_text(
        f"FROM debian:trixie-slim\nLABEL test={name}\nCOPY greeting /greeting\n"
    )
    (clone.root / "job" / "greeting").write_text("hello\n")
    clone.stack().select()
    yield clone
    for container in engine.containers.list(all=True, filters={"name": name}, ignore_removed=True):
        container.remove(force=True, v=True)
    for network in engine.networks.list(names=[name]):
        network.remove()
    for volume in engine.volumes.list(filters={"name": name}):
        volume.remove(force=True)
    for image in engine.api.images(filters={"label": f"test={name}"}):
        engine.images.remove(image["Id"], force=True)


def up(stack: Clone) -> str:
    return stack.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--refresh")


def no_changes(stack: Clone) -> None:
    stack.run("pulumi", "preview", "--expect-no-changes", "--non-interactive")


def logs_of(engine: docker.DockerClient, name: str) -> bytes:
    logs: bytes = engine.containers.get(name).logs()
    return logs


def test_a_stack_lives(stack: Clone, engine: docker.DockerClient) -> None:
    name = stack.environment["NAME"]
    shown = up(stack)
    no_changes(stack)
    stack.run("pulumi", "refresh", "--yes", "--expect-no-changes", "--non-interactive")
    no_changes(stack)
    inside = engine.containers.get(name)
    assert inside.exec_run(["cat", "/run/secrets/password"]).output == PASSWORD.encode()
    published = inside.ports["8080/tcp"]
    assert published
    assert published[0]["HostPort"] == stack.run("pulumi", "stack", "output", "port").strip()
    assert PASSWORD not in shown + stack.run("pulumi", "stack", "export")

    (stack.root / "job" / "greeting").write_text("good day\n")
    preview = json.loads(stack.run("pulumi", "preview", "--json", "--non-interactive"))
    changes = {step["urn"].rsplit("::", 1)[1]: step["op"] for step in preview["steps"] if step["op"] != "same"}
    assert changes["image"] == "update"
    assert {"network", "volume"}.isdisjoint(changes)
    up(stack)
    assert logs_of(engine, name) == b"good day\n"

    engine.containers.get(name).remove(force=True)
    engine.volumes.get(name).remove()
    up(stack)
    no_changes(stack)
    assert engine.containers.get(name).status == "running"

    for _ in range(2):
        stack.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
        assert engine.containers.list(all=True, filters={"name": name}) == []
        assert engine.volumes.list(filters={"name": name}) == engine.networks.list(names=[name]) == []


def test_an_up_that_was_killed_is_finished(stack: Clone, engine: docker.DockerClient) -> None:
    name = stack.environment["NAME"]
    stack.environment["HEALTHY"] = "test -e /ready"
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        command,
        cwd=stack.root,
        env=stack.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as killed:
        try:
            wait_until(lambda: is_running(engine, name), f"container {name} runs", 120)
        finally:
            os.killpg(killed.pid, signal.SIGKILL)
    first = engine.containers.get(name)
    assert stack.stack().has_pending_creates()
    stack.stack().unlock()
    stack.stack().mend()
    first.exec_run(["touch", "/ready"])
    assert "it is taken over" in up(stack)
    assert engine.containers.get(name).id == first.id
    no_changes(stack)
    stack.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
    assert engine.containers.list(all=True, filters={"name": name}) == []


def is_running(engine: docker.DockerClient, name: str) -> bool:
    try:
        return engine.containers.get(name).status == "running"
    except docker.errors.NotFound:
        return False
