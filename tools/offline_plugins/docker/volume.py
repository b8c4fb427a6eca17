"""`docker.Volume`: a named volume, where data outlives containers."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from infra.plugin import Context, UserError
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, NotImplementedHere
from tools.offline_plugins.docker.docker_resource import DockerResource, Label, adopt, from_map, to_map, written_as
from tools.offline_plugins.docker.engine import found
from tools.offline_plugins.docker.provider import engine_of

if TYPE_CHECKING:
    from docker import APIClient

RELEASE_SECONDS = 30.0
"""How long a delete waits for the last container to let go of it, as the official plugin does."""


class VolumeInputs(BridgedInputs):
    """Inputs of `docker.Volume`."""

    name: str = Field("", min_length=1)
    labels: list[Label] | None = None
    driver: str | None = None
    driver_opts: dict[str, str] | None = None
    cluster: NotImplementedHere = None


class VolumeResource(DockerResource[VolumeInputs]):
    """A volume; its id is its name. Any change replaces it, with the data in it."""

    token = "docker:index/volume:Volume"  # noqa: S105 - a type token
    inputs_type = VolumeInputs
    replace_on = frozenset({"name", "labels", "driver", "driverOpts"})
    server_chosen = frozenset({"driver"})
    computed = ("mountpoint",)

    def create(self, context: Context, inputs: VolumeInputs) -> tuple[str, State]:
        """Create the volume. The engine would hand out one that exists, with whosoever data; see `adopt`."""
        what = f"volume {inputs.name}"
        with engine_of(context).working(f"error creating {what}") as client:
            there = found(client.inspect_volume, inputs.name)
            if there is not None:
                adopt(context, self, inputs, _state(there), what=what, found_id=inputs.name)
            volume = client.create_volume(
                inputs.name, driver=inputs.driver, driver_opts=inputs.driver_opts, labels=to_map(inputs.labels)
            )
        return inputs.name, _state(volume)

    def find(self, context: Context, resource_id: str, state: State) -> State | None:  # noqa: ARG002
        """Read the volume by its name."""
        with engine_of(context).working(f"error reading volume {resource_id}") as client:
            volume = found(client.inspect_volume, resource_id)
        return _state(volume) if volume is not None else None

    def update(self, context: Context, resource_id: str, old: State, inputs: VolumeInputs) -> State:  # noqa: ARG002
        """Return the volume as it is: nothing of it can be changed."""
        return old

    def delete(self, context: Context, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove the volume and the data in it, once its last container is gone."""
        doing = f"error deleting volume {resource_id}"
        deadline = time.monotonic() + RELEASE_SECONDS
        with engine_of(context).working(doing) as client:
            while not _removed(client, resource_id):
                if time.monotonic() > deadline or context.cancelled.wait(0.5):
                    raise UserError(f"{doing}: containers still use it; remove them first")


def _removed(client: "APIClient", name: str) -> bool:
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    try:
        client.remove_volume(name, force=True)
    except NotFound:
        return True
    except APIError as error:
        if "volume is in use" in str(error.explanation):
            return False
        raise
    return True


def _state(volume: Mapping[str, Any]) -> State:
    return {
        "name": volume["Name"],
        "labels": from_map(volume.get("Labels")),
        "driver": volume["Driver"],
        "driverOpts": volume.get("Options") or {},
        "mountpoint": volume["Mountpoint"],
        **written_as(1),
    }
