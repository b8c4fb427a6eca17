"""`docker.RemoteImage`: an image of a registry, kept in the engine."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from infra.plugin import CheckError, Context
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, NotImplementedHere
from tools.offline_plugins.docker.docker_resource import DockerResource
from tools.offline_plugins.docker.engine import found
from tools.offline_plugins.docker.local_images import PULL_SECONDS, image_for, repo_digest
from tools.offline_plugins.docker.provider import engine_of


class RemoteImageInputs(BridgedInputs):
    """Inputs of `docker.RemoteImage`."""

    name: str = Field("", min_length=1)
    keep_locally: bool | None = None
    force_remove: bool | None = None
    platform: str | None = None
    pull_triggers: list[str] | None = None
    triggers: dict[str, str] | None = None
    build: NotImplementedHere = None


class RemoteImageResource(DockerResource[RemoteImageInputs]):
    """An image; its id is the engine's id of it, followed by its name."""

    token = "docker:index/remoteImage:RemoteImage"  # noqa: S105 - a type token
    inputs_type = RemoteImageInputs
    replace_on = frozenset({"name", "pullTriggers", "triggers", "platform"})
    computed = ("imageId", "repoDigest")

    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        """Fill in defaults; an image has no name but its own."""
        if not inputs.get("name"):
            raise CheckError([("name", "the image's name is missing")])
        return super().check(context, inputs, old_inputs)

    def create(self, context: Context, inputs: RemoteImageInputs) -> tuple[str, State]:
        """Find the image in the engine, or pull it."""
        with engine_of(context).working(f"error reading image {inputs.name}", timeout=PULL_SECONDS) as client:
            image = image_for(client, inputs.name, inputs.platform)
        return f"{image['Id']}{inputs.name}", _state(image, inputs.model_dump(by_alias=True))

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the image by its name; the official plugin can not import one either."""
        name = state.get("name")
        if not name:
            return None
        with engine_of(context).working(f"error reading image {resource_id}") as client:
            image = found(client.inspect_image, str(name))
        return _state(image, state) if image is not None else None

    def update(self, context: Context, resource_id: str, old: State, inputs: RemoteImageInputs) -> State:  # noqa: ARG002
        """Look the image up again."""
        return self.create(context, inputs)[1]

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Remove the image from the engine, unless it is to be kept."""
        if state.get("keepLocally"):
            return
        name = str(state["name"])
        with engine_of(context).working(f"error deleting image {resource_id}") as client:
            if found(client.inspect_image, name) is not None:
                client.remove_image(name, force=bool(state.get("forceRemove")))


def _state(image: Mapping[str, Any], inputs: Mapping[str, Any]) -> State:
    names = [str(field.alias) for field in RemoteImageInputs.model_fields.values()]
    kept = {name: inputs[name] for name in names if inputs.get(name) is not None}
    return {**kept, "imageId": str(image["Id"]), "repoDigest": repo_digest(image, str(inputs["name"]))}
