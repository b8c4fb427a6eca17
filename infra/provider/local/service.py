"""pgstack:local:Service, a supervised process of this machine: started, adopted, restarted, stopped with the stack."""

import contextlib
import shutil
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from infra.plugin import (
    UNKNOWN,
    CheckError,
    Context,
    Diff,
    Inputs,
    PropertyChange,
    Resource,
    UserError,
    compare,
    has_unknown,
)
from infra.plugin.resource import State
from infra.provider.local.daemon import Daemon, require_free_port
from infra.provider.local.postgresql import PostgreSQL
from infra.provider.local.program import Program
from infra.provider.local.seaweedfs import SeaweedFS

REQUIRED_MEGABYTES = 300
"""Free space a service needs to start: PostgreSQL's empty data directory with its first WAL, or a store's volume."""

IF_REFUSED = "if something in it is refused because it exists already, the state that knew it is lost: make recover"
"""What to do where a checkout, or its state, was deleted without its stack."""

FIRST = "1"
"""The rotation of what was never rotated."""


class ServiceInputs(Inputs):
    """Inputs of a local service."""

    kind: Literal["postgresql", "object-store", "program"]
    folder: str
    port: int | None = Field(default=None, ge=1024, le=65535)
    settings: dict[str, str] = Field(default_factory=dict)
    identities: dict[str, dict[str, Any]] | None = None
    command: list[str] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    health: list[str] | None = None
    patience: int = Field(default=60, ge=1)
    keep_data: bool = False
    rotation: str = FIRST
    program: str = ""


class Service(Resource[ServiceInputs]):
    """One local process and its folder.

    Outputs: `port`, `credentials` (secret), `details`, `running`. A process that died shows as a diff on `running`;
    its data folder is never made anew over existing data.
    """

    token = "pgstack:local:Service"  # noqa: S105
    inputs_type = ServiceInputs
    replace_on = frozenset({"kind", "folder"})
    secrets = frozenset({"files", "credentials"})
    computed = ("port", "credentials", "details")
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        if has_unknown([inputs.get("kind"), inputs.get("folder")]):
            return inputs
        known = ServiceInputs.model_validate(
            {name: value for name, value in inputs.items() if name != "files" and not has_unknown(value)}
            | {"files": dict.fromkeys(_keys(inputs.get("files")), "")}
        )
        if not Path(known.folder).is_absolute():
            raise CheckError([("folder", f"{known.folder} is no absolute path")])
        if known.identities and known.kind != "object-store":
            raise CheckError([("identities", f"only an object store has identities, and this is {known.kind}")])
        daemon = _daemon(known)
        try:
            daemon.requirements()
            _require_space(Path(known.folder))
        except UserError as error:
            raise CheckError([("folder", str(error))]) from error
        # A port that is ours already is taken by the service itself, which a replacement stops first.
        if known.port and known.port not in {daemon.port(), old_inputs.get("port")}:
            try:
                require_free_port(known.port)
            except UserError as error:
                raise CheckError([("port", str(error))]) from error
        return {**inputs, "program": daemon.program()}

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        changes = compare(old_inputs, new, replace_on=self.replace_on)
        if not _daemon(ServiceInputs.model_validate(old_inputs)).alive():
            changes["running"] = PropertyChange("update", from_inputs=False)
        return Diff(changes, delete_first=True)

    @override
    def create(self, context: Context, inputs: ServiceInputs) -> tuple[str, State]:
        daemon = _daemon(inputs)
        if daemon.exists():
            context.log("info", f"adopting what is already in {inputs.folder}; {IF_REFUSED}")
        if daemon.alive() and not daemon.runs_as_asked(inputs.port):
            daemon.stop(hurry=False)
        return context.name, self._run(inputs, {})

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: ServiceInputs) -> State:
        if not _felt_only_later(old, inputs):
            _daemon(inputs).stop(hurry=False)
        for name in old.get("files", {}).keys() - inputs.files.keys():
            (Path(inputs.folder) / name).unlink(missing_ok=True)
        return self._run(inputs, old, rotate=_rotates(old, inputs.rotation))

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        outputs = super().preview_update(context, old, old_inputs, new)
        others = old_inputs.get("identities") != new.get("identities")
        renewed = others or _rotates(old_inputs, new.get("rotation", FIRST))
        return {**outputs, "credentials": UNKNOWN} if renewed else outputs

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        known = ServiceInputs.model_validate(inputs)
        daemon = _daemon(known)
        if not daemon.exists():
            return None
        return inputs, {**state, "running": daemon.alive()}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        inputs = ServiceInputs.model_validate({key: state[key] for key in state if key not in _OUTPUTS_ONLY})
        _daemon(inputs).stop(hurry=not inputs.keep_data)
        if not inputs.keep_data:
            try:
                shutil.rmtree(inputs.folder)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise UserError(f"{error.filename or inputs.folder} can not be deleted: {error.strerror}") from error
            with contextlib.suppress(OSError):
                Path(inputs.folder).parent.rmdir()  # the stack's own folder, once its last service is gone

    def _run(self, inputs: ServiceInputs, old: State, *, rotate: bool = False) -> State:
        daemon = _daemon(inputs)
        try:
            daemon.initialise()
            if not daemon.alive():
                # The port of the last start is kept: it is part of addresses that people have written down.
                port = inputs.port or old.get("port") or daemon.port()
                if port:
                    require_free_port(port)
                daemon.start(port)
            if rotate:
                daemon.rotate()
            credentials = daemon.credentials()
        except OSError as error:
            raise UserError(f"{error.filename or inputs.folder}: {error.strerror or error}") from error
        outputs: dict[str, Any] = {"port": daemon.port(), "credentials": dict(credentials)}
        outputs |= {"details": dict(daemon.details()), "running": True}
        return {**inputs.model_dump(by_alias=True), **outputs}


_OUTPUTS_ONLY = {"credentials", "details", "running"}
_FELT_LATER = {"keep_data", "health", "patience", "rotation", "identities"}
"""Inputs that the running process does not feel, or learns of as it runs: a change of these restarts nothing."""


def _felt_only_later(old: State, new: ServiceInputs) -> bool:
    before = ServiceInputs.model_validate({key: old[key] for key in old if key not in _OUTPUTS_ONLY})
    after = new if new.port else new.model_copy(update={"port": before.port})
    return before.model_dump(exclude=_FELT_LATER) == after.model_dump(exclude=_FELT_LATER)


def _rotates(old: State, rotation: str) -> bool:
    return bool(rotation != old.get("rotation", FIRST))


def _keys(mapping: object) -> list[str]:
    return list(mapping) if isinstance(mapping, dict) else []


def _daemon(inputs: ServiceInputs) -> Daemon:
    folder = Path(inputs.folder)
    match inputs.kind:
        case "postgresql":
            return PostgreSQL(folder, inputs.settings)
        case "object-store":
            return SeaweedFS(folder, inputs.settings, inputs.identities or {})
        case "program":
            return Program(folder, inputs.command, inputs.files, inputs.environment, inputs.health, inputs.patience)


def _require_space(folder: Path) -> None:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free // 2**20
    if free < REQUIRED_MEGABYTES:
        raise UserError(f"{existing} has {free} MB free, {REQUIRED_MEGABYTES} MB are needed: free some space")
