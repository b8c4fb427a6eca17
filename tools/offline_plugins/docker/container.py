"""`docker.Container`: a container, with the files in it and the networks it is in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.plugin import Context, Diff, PartlyDoneError, UserError, has_unknown
from infra.plugin.resource import State
from tools.offline_plugins.docker import container_mapping
from tools.offline_plugins.docker.container_inputs import ContainerInputs
from tools.offline_plugins.docker.container_work import MADE_FROM, change, make, remove
from tools.offline_plugins.docker.docker_resource import DockerResource
from tools.offline_plugins.docker.durations import nanoseconds
from tools.offline_plugins.docker.engine import found
from tools.offline_plugins.docker.health import wait_until_healthy
from tools.offline_plugins.docker.local_images import PULL_SECONDS
from tools.offline_plugins.docker.provider import engine_of

if TYPE_CHECKING:
    from docker import APIClient

_IN_PLACE = frozenset({
    "attach", "cpuSet", "cpuShares", "destroyGraceSeconds", "logs", "maxRetryCount", "memory", "memoryReservation",
    "memorySwap", "mustRun", "removeVolumes", "restart", "start", "wait", "waitTimeout",
})  # fmt: skip
_LIMITS = ("memory", "memoryReservation", "memorySwap", "cpuShares", "cpuSet")
"""What a running container can be given or have changed, but not be rid of."""
_LIVE = (*_LIMITS, "restart", "maxRetryCount")


class ContainerResource(DockerResource[ContainerInputs]):
    """A container; its id is the engine's."""

    token = "docker:index/container:Container"  # noqa: S105 - a type token
    inputs_type = ContainerInputs
    replace_on = frozenset(str(field.alias) for field in ContainerInputs.model_fields.values()) - _IN_PLACE
    server_chosen = frozenset({
        "command", "entrypoints", "envs", "healthcheck", "hostname", "init", "ipcMode", "labels", "logDriver",
        "memorySwap", "runtime", "securityOpts", "shmSize", "stopSignal", "stopTimeout", "user", "workingDir",
    })  # fmt: skip
    computed = ("bridge", "containerLogs", "exitCode", "networkDatas")
    ordered = frozenset({"command", "entrypoints", "healthcheck"})

    def same(self, name: str, a: Any, b: Any) -> bool:
        """What the engine chose satisfies a program that left the choice to it."""
        if name == "ports" and a and b and not has_unknown(a) and not has_unknown(b):
            a, b = _with_chosen_ports(a, b), _with_chosen_ports(b, a)
        return super().same(name, a, b)

    def normal(self, name: str, value: Any) -> Any:
        """Return `value` in one spelling."""
        value = super().normal(name, value)
        match name, value:
            case "healthcheck", dict():
                timed = ("interval", "timeout", "startPeriod", "startInterval")
                lengths = {key: nanoseconds(value.pop(key, "0s")) for key in timed}
                return {**value, **{key: length for key, length in lengths.items() if length}}
            case "capabilities", dict():
                return {key: sorted(_capability(one) for one in value[key]) for key in value}
            case "networkMode", "default":
                return "bridge"
            case "cpus", str():
                return float(value)
            case _:
                return value

    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        """Compare the state with the inputs wanted; two containers of one name, or on one port, can not be."""
        diff = super().diff(context, resource_id, old, old_inputs, new)
        changes = {
            path: replace(change, replace=change.replace or (path in _LIMITS and not new.get(path)))
            for path, change in diff.changes.items()
        }
        return Diff(changes, delete_first=any(change.replace for change in changes.values()))

    def create(self, context: Context, inputs: ContainerInputs) -> tuple[str, State]:
        """Make the container, connect it, write its files, start it, and wait for it if that is wanted."""
        doing = f"error creating container {inputs.name}"
        with engine_of(context).working(doing, private=_private(inputs), timeout=PULL_SECONDS) as client:
            container_id = _interrupted(client, context, inputs) or make(client, inputs, made_from=_digest(inputs))
            return container_id, _settled(client, context, container_id, inputs)

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the container by its id."""
        with engine_of(context).working(f"error reading container {state.get('name', resource_id)}") as client:
            container = found(client.inspect_container, resource_id)
        return None if container is None else container_mapping.state(container, state or dict(self._defaults()))

    def update(self, context: Context, resource_id: str, old: State, inputs: ContainerInputs) -> State:
        """Change limits and restart policy, and see that it runs, and that it is healthy if that is waited for."""
        given = inputs.model_dump(by_alias=True, exclude_none=True)
        doing = f"error updating container {inputs.name}"
        with engine_of(context).working(doing, private=_private(inputs)) as client:
            if any(name in given and not self.same(name, old.get(name), given[name]) for name in _LIVE):
                change(client, resource_id, inputs)
            if inputs.start and inputs.must_run and not client.inspect_container(resource_id)["State"]["Running"]:
                client.start(resource_id)
            return _settled(client, context, resource_id, inputs)

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Stop the container within its grace, and remove it, with its nameless volumes."""
        with engine_of(context).working(f"error deleting container {state.get('name', resource_id)}") as client:
            remove(
                client,
                resource_id,
                grace_seconds=int(state.get("destroyGraceSeconds") or 0),
                volumes=bool(state.get("removeVolumes", True)),
            )


def _interrupted(client: "APIClient", context: Context, inputs: ContainerInputs) -> str | None:
    """Return the container that an interrupted create from the same inputs started; remove one it did not start.

    Raises:
        UserError: the name belongs to another container.
    """
    there = found(client.inspect_container, inputs.name)
    if there is None:
        return None
    if (there["Config"].get("Labels") or {}).get(MADE_FROM) != _digest(inputs):
        raise UserError(
            f"error creating container {inputs.name}: the name is taken by container {there['Id'][:12]} of image "
            f"{there['Config']['Image']}, which this stack did not make; remove it (`docker rm -f {inputs.name}`), "
            "or take another name"
        )
    if there["State"]["Status"] == "created":
        remove(client, there["Id"], grace_seconds=0, volumes=True)
        return None
    context.log("warning", f"container {inputs.name} exists already, made from the same inputs: it is taken over")
    return str(there["Id"])


def _settled(client: "APIClient", context: Context, container_id: str, inputs: ContainerInputs) -> State:
    """Return the container's state, once it is healthy if that is waited for.

    Raises:
        PartlyDoneError: it does not become healthy. It stays, to be looked at; the next `up` waits again.
    """
    reason = None
    if inputs.wait and inputs.start:
        reason = wait_until_healthy(client, container_id, inputs.wait_timeout, context.cancelled)
    kept = inputs.model_dump(by_alias=True, exclude_none=True)
    state = container_mapping.state(client.inspect_container(container_id), kept)
    if reason is not None:
        raise PartlyDoneError(container_id, state, [f"container {inputs.name}: {reason}"])
    return state


def _digest(inputs: ContainerInputs) -> str:
    made = inputs.model_dump(by_alias=True, exclude_none=True, exclude={"wait", "wait_timeout", *_LIVE})
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def _private(inputs: ContainerInputs) -> list[str]:
    """Return what no error may show: contents of files, and values of the environment."""
    files = [text for file in inputs.uploads or () for text in (file.content, file.content_base64) if text]
    values = [env.partition("=")[2] for env in inputs.envs or ()]
    return [*files, *(inputs.envs or ()), *values]


def _with_chosen_ports(ports: list[Any], others: list[Any]) -> list[Any]:
    """Return `ports` with the host's port of `others` where none is given: any is right then."""
    chosen = {_key(port): port.get("external") for port in others}
    return [{**port, "external": port.get("external") or chosen.get(_key(port))} for port in ports]


def _key(port: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return port.get("internal"), port.get("protocol") or "tcp", port.get("ip") or "0.0.0.0"  # noqa: S104


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")
