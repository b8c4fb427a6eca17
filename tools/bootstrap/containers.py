"""A stack's things in the Docker engine, where they are not what its state says."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.targets.docker.naming import STATE_LABEL, state_place
from tools.bootstrap.interrupted_creates import PendingCreate

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"
REMOTE_IMAGE = "docker:index/remoteImage:RemoteImage"
LOOKED_UP = (CONTAINER, NETWORK, VOLUME)

STACK_LABEL = "agent-ecosystem.stack"
STAGE_LABEL = "agent-ecosystem.stage"
"""Marks what a Dockerfile of ours leaves of a stage: an image without a name, which a classic builder keeps."""


def of_docker(export: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of an exported state that can be looked up in the engine."""
    resources = export["deployment"].get("resources") or ()
    return [resource for resource in resources if resource["type"] in LOOKED_UP and resource.get("id")]


def gone(resources: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return which of these the engine has no more, or has at a standstill; none where no engine answers.

    Pulumi compares the program with its state, and would not notice.
    """
    if not resources:
        return []
    with _engine() as client:
        return [resource for resource in resources if client and not _stands(client, resource)]
    return []


def remove_cut_off(ours: Sequence[Mapping[str, Any]], gone: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Remove the containers that were in a network which is gone, and return their entries: their data is in volumes.

    A network that is made anew under the name is another one to the engine. No container joins it by itself, and one
    that stands still can not be started.
    """
    lost = {network["inputs"]["name"] for network in gone if network["type"] == NETWORK}
    cut_off = [entry for entry in ours if entry["type"] == CONTAINER and lost & _networks(entry)]
    if not cut_off:
        return []
    import docker.errors  # noqa: PLC0415 - only a stack with containers needs it

    with _engine() as client:
        for entry in cut_off:
            with contextlib.suppress(docker.errors.NotFound):
                if client:
                    container = client.containers.get(entry["id"])
                    container.stop()
                    container.remove(v=True)
    return cut_off


def other_images(export: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the images of an exported state under whose names the engine has others now; none where no engine answers.

    Pulumi goes by the id it knows: a newer image that was pulled under the same tag would never run.
    """
    resources = export["deployment"].get("resources") or ()
    images = [resource for resource in resources if resource["type"] == REMOTE_IMAGE and resource.get("outputs")]
    if not images:
        return []
    with _engine() as client:
        return [image for image in images if client and _is_another(client, image["outputs"])]
    return []


def known_elsewhere(stack: str, backend: str) -> tuple[list[str], list[str]]:
    """Find containers of a stack of this name that a state in another backend knows.

    Those of a stack that an earlier release made do not tell, and are taken for this one's.

    Returns:
        Where the states lie, and the containers' names; nothing where there is none, or no engine answers.
    """
    with _engine() as client:
        places = _other_places(client, stack, backend) if client else set()
        if client and places:
            return sorted(places), sorted(str(container.name) for container in _containers(client, stack))
    return [], []


def remove_unfinished(creates: Sequence[PendingCreate], backend: str) -> None:
    """Remove containers and networks that interrupted creates made: they hold nothing, and their names are taken.

    Those that another state knows stay: the name of the stack is taken, which the next `up` says.
    """
    ours = [create for create in creates if create.type in {CONTAINER, NETWORK}]
    if not ours:
        return
    import docker.errors  # noqa: PLC0415 - only a stack with containers needs it

    with _engine() as client:
        for create in ours:
            name, stack = create.resource["inputs"].get("name"), create.urn.split("::")[0].rsplit(":", 1)[-1]
            with contextlib.suppress(docker.errors.APIError):
                if client and not _other_places(client, stack, backend):
                    _remove_ours(client, create.type, str(name), stack)


def remove_of_stack(stack: str) -> None:
    """Remove the containers and networks of `stack`, which hold nothing: what knew their passwords is lost."""
    with _engine() as client:
        if client:
            for container in _containers(client, stack):
                container.remove(force=True, v=True)
            for network in client.networks.list(filters=_of(stack)):
                network.remove()


def remove_build_stages() -> None:
    """Remove what builds of ours left in the engine beside the image they were for."""
    with _engine() as client:
        if client:
            client.images.prune(filters={"dangling": True, "label": STAGE_LABEL})


@contextlib.contextmanager
def _engine() -> Iterator["DockerClient | None"]:
    import docker  # noqa: PLC0415 - only a stack with containers needs it
    import docker.errors  # noqa: PLC0415

    try:
        client = docker.from_env()
    except docker.errors.DockerException:
        yield None  # the update itself says so, with the reason
        return
    with contextlib.closing(client):
        yield client


def _of(stack: str) -> dict[str, Any]:
    return {"label": f"{STACK_LABEL}={stack}"}


def _containers(client: "DockerClient", stack: str) -> "list[Container]":
    return client.containers.list(all=True, filters=_of(stack), ignore_removed=True)


def _other_places(client: "DockerClient", stack: str, backend: str) -> set[str]:
    places = {container.labels.get(STATE_LABEL) for container in _containers(client, stack)}
    return {place for place in places if place and place != state_place(backend)}


def _stands(client: "DockerClient", resource: Mapping[str, Any]) -> bool:
    import docker.errors  # noqa: PLC0415

    try:
        match resource["type"]:
            case "docker:index/container:Container":
                status = client.containers.get(resource["id"]).status
                return status == "running" or not resource.get("inputs", {}).get("mustRun", True)
            case "docker:index/network:Network":
                client.networks.get(resource["id"])
            case _:
                client.volumes.get(resource["id"])
    except docker.errors.NotFound:
        return False
    return True


def _networks(container: Mapping[str, Any]) -> set[str]:
    return {network["name"] for network in container["inputs"].get("networksAdvanced") or ()}


def _is_another(client: "DockerClient", known: Mapping[str, Any]) -> bool:
    import docker.errors  # noqa: PLC0415

    try:
        return bool(client.images.get(known["name"]).id != known.get("imageId"))
    except docker.errors.ImageNotFound:
        return False


def _remove_ours(client: "DockerClient", type_: str, name: str, stack: str) -> None:
    if type_ == CONTAINER:
        container = client.containers.get(name)
        if container.labels.get(STACK_LABEL) == stack:
            container.remove(force=True, v=True)
    elif type_ == NETWORK:
        for network in client.networks.list(names=[name], filters=_of(stack)):
            network.remove()
