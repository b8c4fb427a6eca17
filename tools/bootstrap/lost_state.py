"""A stack whose state, or its passphrase, is lost, while what it made still runs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bootstrap.dead_locks import backend_folder

SERVER = (
    "**PostgresInstance::postgres",
    "**Service::postgres",
    "**agent-ecosystem:index:PostgresInstance$**",
    "**DatabaseAccess::access",
    "**pulumi:providers:postgresql::server",
)
"""The server and the way into it, in the form of `pulumi up --target`: what the rest is looked up with."""

MASKED = "[secret]"
"""What a preview shows instead of a secret."""


def set_aside(backend_url: str, project: str, stack: str) -> list[Path]:
    """Rename the files of a stack's state in a backend of files, and return where they are now."""
    root = backend_folder(backend_url)
    if root is None:
        return []
    now = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    state = root / "stacks" / project / f"{stack}.json"
    lost = root / "set-aside" / project / f"{stack}-{now}"
    moved = []
    for file in sorted(state.parent.glob(f"{state.name}*")):
        lost.mkdir(parents=True, exist_ok=True)
        moved.append(file.rename(lost / file.name))
    return moved


def knows_something(export: Mapping[str, Any]) -> bool:
    """Say whether an exported state holds anything but the stack itself."""
    resources = export["deployment"].get("resources") or ()
    return any(resource["type"] != "pulumi:pulumi:Stack" for resource in resources)


def with_creates_pending(export: Mapping[str, Any], preview: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state as if an `up` had been killed while it made everything it lacks.

    Args:
        export: what `pulumi stack export` says.
        preview: what `pulumi preview --json` says.
    """
    steps = (step for step in preview["steps"] if step["op"] == "create" and step["newState"].get("custom"))
    pending = [{"type": "creating", "resource": _as_known_so_far(step["newState"])} for step in steps]
    return {**export, "deployment": {**export["deployment"], "pending_operations": pending}}


def _as_known_so_far(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the state could not hold yet: masked values, and names of resources it does not know."""
    inputs = {name: value for name, value in resource.get("inputs", {}).items() if value != MASKED}
    kept = {name: value for name, value in resource.items() if name not in {"dependencies", "propertyDependencies"}}
    return {**kept, "inputs": inputs}
