"""`docker.Image`: an image built from a Dockerfile, with the engine's classic builder."""

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from infra.plugin import UNKNOWN, CheckError, Context, Diff, UserError, compare, has_unknown
from infra.plugin.resource import Resource, State
from tools.offline_plugins.bridged import BridgedInputs, NotImplementedHere
from tools.offline_plugins.docker.build_context import DOCKERFILE, BuildContext
from tools.offline_plugins.docker.engine import found, without
from tools.offline_plugins.docker.provider import engine_of

if TYPE_CHECKING:
    from docker import APIClient

BUILD_SECONDS = 3600
"""How long one step of a build may be silent."""

_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
_PUSHING = "the offline plugin pushes no images; say `skip_push=True`"


class Build(BridgedInputs):
    """How the image is built."""

    context: str | None = None
    dockerfile: str | None = None
    args: dict[str, str] | None = None
    target: str | None = None
    platform: str | None = None
    network: str | None = None
    add_hosts: list[str] | None = None
    builder_version: Literal["BuilderV1"] | None = None
    context_digest: str | None = None
    """Made by Check: what the context consists of."""
    cache_from: NotImplementedHere = None


class ImageInputs(BridgedInputs):
    """Inputs of `docker.Image`."""

    image_name: str = Field(min_length=1)
    build: Build | None = None
    skip_push: bool = Field(False, validate_default=True)  # noqa: FBT003
    build_on_preview: Literal[False] = False
    registry: NotImplementedHere = None

    @field_validator("skip_push")
    @classmethod
    def _only_here(cls, skip_push: bool) -> bool:
        if not skip_push:
            raise PydanticCustomError("not_implemented", _PUSHING)
        return skip_push


class ImageResource(Resource[ImageInputs]):
    """A built image; its id is its name. A change builds it anew; nothing replaces it."""

    token = "docker:index/image:Image"  # noqa: S105 - a type token
    inputs_type = ImageInputs
    importable = False

    def check(self, context: Context, inputs: State, old_inputs: State) -> State:  # noqa: ARG002
        """Fill in defaults, and the digest of what the image will be made from."""
        build = {name: value for name, value in (inputs.get("build") or {}).items() if value is not None}
        build.setdefault("context", ".")
        if not has_unknown(build["context"]):
            build.setdefault("dockerfile", str(Path(str(build["context"])) / DOCKERFILE))
            build["platform"] = build.get("platform") or _host_platform()
            if not has_unknown(build["dockerfile"]):
                build["contextDigest"] = _checked(build).digest()
        return {"buildOnPreview": False, **inputs, "build": build}

    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:  # noqa: ARG002
        """Compare the inputs: whatever changes, the image is built again."""
        return Diff(compare(old_inputs, new, ignore=("buildOnPreview",)))

    def preview_create(self, context: Context, inputs: State) -> State:  # noqa: ARG002
        """Return what is known before the build."""
        return {**_outputs(inputs), "repoDigest": UNKNOWN}

    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:  # noqa: ARG002
        """Return what is known before the build."""
        return {**_outputs(new), "repoDigest": UNKNOWN}

    def create(self, context: Context, inputs: ImageInputs) -> tuple[str, State]:
        """Build the image."""
        doing = f"error building image {inputs.image_name}"
        build = inputs.build or Build()
        private = [value for value in (build.args or {}).values() if value]
        with engine_of(context).working(doing, private=private, timeout=BUILD_SECONDS) as client:
            image_id = _build(client, context, inputs, build)
        outputs = _outputs(inputs.model_dump(by_alias=True, exclude_none=True))
        return inputs.image_name, {**outputs, "repoDigest": image_id}

    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        """Return the image as it was built, None when the engine no longer has it."""
        with engine_of(context).working(f"error reading image {resource_id}") as client:
            image = found(client.inspect_image, str(state["repoDigest"]))
        return None if image is None else (inputs, state)

    def update(self, context: Context, resource_id: str, old: State, inputs: ImageInputs) -> State:  # noqa: ARG002
        """Build the image again; containers of the old one keep it."""
        return self.create(context, inputs)[1]

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Leave the image in the engine, as the official plugin does."""


def _checked(build: State) -> BuildContext:
    """Return the context, if it and its Dockerfile are there.

    Raises:
        CheckError: they are not.
    """
    context = BuildContext(Path(build["context"]), Path(build["dockerfile"]))
    if not context.folder.is_dir():
        raise CheckError([("build.context", f"there is no folder {context.folder}")])
    if not context.dockerfile.is_file():
        nearer = context.folder / context.dockerfile
        hint = f"; it starts in the program's folder, so say {nearer}" if nearer.is_file() else ""
        raise CheckError([("build.dockerfile", f"there is no file {context.dockerfile}{hint}")])
    return context


def _outputs(inputs: State) -> State:
    build = inputs.get("build") or {}
    known = not has_unknown([build.get("context"), build.get("dockerfile")])
    name = inputs["imageName"]
    return {
        "imageName": name,
        "baseImageName": name,
        "registryServer": "",
        "context": build.get("context", "."),
        "dockerfile": _checked(build).dockerfile_name if known else UNKNOWN,
        "platform": build.get("platform", ""),
    }


def _build(client: "APIClient", context: Context, inputs: ImageInputs, build: Build) -> str:
    sources = BuildContext(Path(build.context or "."), Path(build.dockerfile or DOCKERFILE))
    events = client.build(
        fileobj=sources.archive(),
        custom_context=True,
        dockerfile=sources.archived_dockerfile,
        tag=inputs.image_name,
        buildargs=build.args,
        target=build.target,
        platform=build.platform,
        network_mode=build.network,
        extra_hosts=dict(host.split(":", 1) for host in build.add_hosts or ()) or None,
        rm=True,
        forcerm=True,
        decode=True,
    )
    step = ""
    for event in events:
        if "error" in event:
            raise UserError(_failure(inputs, build, step, str(event["error"])))
        line = str(event.get("stream", "")).strip()
        if line.startswith("Step "):
            step = line
            context.log("debug", f"{inputs.image_name}: {_without_args(build, step)}")
    return str(client.inspect_image(inputs.image_name)["Id"])  # type: ignore[no-untyped-call]


def _failure(inputs: ImageInputs, build: Build, step: str, error: str) -> str:
    said = error.strip().splitlines()[-1] if error.strip() else "no reason given"
    return _without_args(build, f"error building image {inputs.image_name}: {step}: {said}")


def _without_args(build: Build, text: str) -> str:
    return without([value for value in (build.args or {}).values() if value], text)


def _host_platform() -> str:
    machine = platform.machine().lower()
    return f"linux/{_GO_NAMES.get(machine, machine)}"
