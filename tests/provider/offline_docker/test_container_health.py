"""`wait`: a create ends when the container's own health check says so, or says why it does not."""

import time
from typing import Any

import docker
import pytest

from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

BASE = "debian:trixie-slim"


def waiting(name: str, *, test: str, command: str = "sleep 600", seconds: int = 30) -> dict[str, Any]:
    return {
        "name": name,
        "image": BASE,
        "command": ["sh", "-c", command],
        "init": True,
        "healthcheck": {"tests": ["CMD-SHELL", test], "interval": "500ms", "timeout": "5s", "retries": 3},
        "wait": True,
        "waitTimeout": seconds,
    }


def health(engine: docker.DockerClient, name: str) -> str:
    return str(engine.containers.get(name).attrs["State"]["Health"]["Status"])


def test_it_waits_for_health(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    started = time.monotonic()
    wanted = waiting(name, test="test -e /ready", command="sleep 2; touch /ready; sleep 600")
    container = driver.resource("Container")
    container.create(**wanted)
    assert health(engine, name) == "healthy"
    assert time.monotonic() - started > 2
    assert container.diff(**wanted).changes == {}


def test_one_that_stays_ill_is_kept_and_waited_for_again(
    driver: Driver, engine: docker.DockerClient, name: str
) -> None:
    container = driver.resource("Container")
    wanted = waiting(name, test="test -e /ready", seconds=2)
    with pytest.raises(
        PluginError, match=rf"^container {name}: the container is \w+ after 2 s: `docker logs"
    ) as refused:
        container.create(**wanted)
    assert refused.value.partial is not None
    there = engine.containers.get(name)
    container.id, container.state = str(there.id), refused.value.partial
    there.exec_run(["touch", "/ready"])
    container.update(**wanted)  # what the engine does next with a resource that came up halfway
    assert health(engine, name) == "healthy"


def test_one_that_ends_is_not_waited_for(driver: Driver, name: str) -> None:
    started = time.monotonic()
    with pytest.raises(PluginError, match=rf"ended with exit code 3: `docker logs {name}` says why"):
        driver.resource("Container").create(**waiting(name, test="false", command="sleep 1; exit 3", seconds=50))
    assert time.monotonic() - started < 40


def test_without_a_health_check_waiting_makes_no_sense(driver: Driver, name: str) -> None:
    wanted = {key: value for key, value in waiting(name, test="true").items() if key != "healthcheck"}
    with pytest.raises(PluginError, match="no health check: give a `healthcheck`, or leave `wait` out"):
        driver.resource("Container").create(**wanted)
