"""What is done to a container in the engine: make, change, remove."""

import time
from typing import TYPE_CHECKING

from infra.plugin import UserError
from tools.offline_plugins.docker import container_mapping
from tools.offline_plugins.docker.container_inputs import ContainerInputs
from tools.offline_plugins.docker.engine import found
from tools.offline_plugins.docker.local_images import image_for
from tools.offline_plugins.docker.uploads import upload

if TYPE_CHECKING:
    from docker import APIClient

MADE_FROM = "pulumi.offline-plugin.made-from"
"""A label with the digest of the inputs: how an interrupted create knows its own container again."""

REMOVAL_SECONDS = 60.0


def make(client: "APIClient", inputs: ContainerInputs, *, made_from: str) -> str:
    """Make a container and start it; return its id. Where a step fails, nothing stays."""
    image_for(client, inputs.image)
    asked = container_mapping.request(inputs, inputs.image, {MADE_FROM: made_from})
    container_id = str(client.create_container_from_config(asked, inputs.name)["Id"])  # type: ignore[no-untyped-call]
    try:
        _connect(client, container_id, inputs)
        upload(client, container_id, inputs.uploads or [])
        if inputs.start:
            client.start(container_id)
    except BaseException:
        remove(client, container_id, grace_seconds=0, volumes=True)
        raise
    return container_id


def change(client: "APIClient", container_id: str, inputs: ContainerInputs) -> None:
    """Give a container other limits and another restart policy, running or not."""
    limits = container_mapping.limits(inputs)
    client.update_container(
        container_id,
        cpu_shares=limits["CpuShares"],
        cpuset_cpus=limits["CpusetCpus"],
        mem_limit=limits["Memory"],
        mem_reservation=limits["MemoryReservation"],
        memswap_limit=limits["MemorySwap"],
        restart_policy=container_mapping.restart_policy(inputs),
    )


def remove(client: "APIClient", container_id: str, *, grace_seconds: int, volumes: bool) -> None:
    """Stop and remove a container, and wait until its name is free.

    Args:
        client: of the engine.
        container_id: the container; one that is gone is no error.
        grace_seconds: how long it may take to end before it is killed.
        volumes: whether its nameless volumes go along.

    Raises:
        UserError: it does not go.
    """
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    try:
        client.stop(container_id, timeout=grace_seconds)
        client.remove_container(container_id, v=volumes, force=True)
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in str(error.explanation):
            raise
    deadline = time.monotonic() + REMOVAL_SECONDS
    while found(client.inspect_container, container_id) is not None:
        if time.monotonic() > deadline:
            raise UserError(f"container {container_id[:12]} is still being removed after {REMOVAL_SECONDS:g} s")
        time.sleep(0.1)


def _connect(client: "APIClient", container_id: str, inputs: ContainerInputs) -> None:
    """Connect the container to its networks, which then stand for the engine's default one."""
    if not inputs.networks_advanced:
        return
    if inputs.network_mode in ("bridge", "default"):
        client.disconnect_container_from_network(container_id, "bridge")
    for network in inputs.networks_advanced:
        client.connect_container_to_network(
            container_id,
            network.name,
            aliases=network.aliases,
            ipv4_address=network.ipv4_address,
            ipv6_address=network.ipv6_address,
        )
