"""Waiting for a container's own health check."""

import time
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import APIClient

POLL_SECONDS = 0.25


def wait_until_healthy(client: "APIClient", container_id: str, seconds: int, cancelled: Event) -> str | None:
    """Wait for the container to be healthy; return the reason why it is not, None when it is.

    Args:
        client: of the engine.
        container_id: the container, started.
        seconds: how long.
        cancelled: set when the user does not want to wait any longer.
    """
    deadline = time.monotonic() + seconds
    while True:
        container = client.inspect_container(container_id)
        state, name = container["State"], container["Name"].lstrip("/")
        health = (state.get("Health") or {}).get("Status")
        if health is None or health == "none":
            return "`wait` is set, but the container has no health check: give a `healthcheck`, or leave `wait` out"
        if health == "healthy":
            return None
        if not state["Running"] and not state["Restarting"]:
            return f"the container ended with exit code {state['ExitCode']}: `docker logs {name}` says why"
        if time.monotonic() > deadline:
            return f"the container is {health} after {seconds} s: `docker logs {name}` and `docker inspect {name}`"
        if cancelled.wait(POLL_SECONDS):
            return f"interrupted while the container was {health}"
