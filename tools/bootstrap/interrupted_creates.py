"""Creates that a killed engine did not finish: Pulumi notes them as pending, and can not know how they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ADOPTING = ("pgstack:", "docker:")
"""Types whose create adopts what is there already: nothing needs to be known of an interrupted one. Containers and
networks, which the official docker plugin does not adopt, are removed first: see containers.py."""


@dataclass(frozen=True)
class PendingCreate:
    """A create that was begun and not seen to end.

    Args:
        resource: its entry in the exported state.
    """

    resource: Mapping[str, Any]

    @property
    def urn(self) -> str:
        """Its name in the state."""
        return str(self.resource["urn"])

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def type(self) -> str:
        """Its type, e.g. `postgresql:index/role:Role`."""
        return str(self.resource["type"])

    @property
    def provider_id(self) -> str | None:
        """The id the provider gives it if it was made, as far as that follows from its inputs."""
        package, _, kind = self.type.partition(":")
        inputs = self.resource.get("inputs", {})
        if package != "postgresql" or not isinstance(name := inputs.get("name"), str):
            return None
        match kind.rpartition(":")[2]:
            case "Role" | "Database":
                return name
            case "Schema" | "Extension" if isinstance(database := inputs.get("database"), str):
                return f"{database}.{name}"
        return None

    def as_made(self) -> dict[str, Any]:
        """Return its entry in the state as if it had been made."""
        return {**self.resource, "id": self.provider_id, "outputs": self.resource.get("inputs", {})}


@dataclass(frozen=True)
class Repair:
    """What becomes of a stack's pending creates, and its state without them."""

    state: dict[str, Any]
    """The state to import, in which those to look up stand as made."""
    state_without: dict[str, Any]
    """The same without them: for when they can not be looked up."""
    forgotten: Sequence[PendingCreate]
    """Made or adopted by the next `up`."""
    looked_up: Sequence[PendingCreate]
    """To be refreshed: what the server does not have leaves the state again."""
    unknown: Sequence[PendingCreate]
    """Of types that neither adopt nor tell their id: the next `up` makes them, and fails if they are there."""


def pending_creates(export: Mapping[str, Any]) -> list[PendingCreate]:
    """Return the creates that `pulumi stack export` lists as not ended."""
    operations = export["deployment"].get("pending_operations") or ()
    return [PendingCreate(operation["resource"]) for operation in operations if operation["type"] == "creating"]


def plan_repair(export: Mapping[str, Any]) -> Repair:
    """Decide for each pending create what becomes of it.

    `pulumi stack import` drops all pending operations, whatever the file says: so what is to be looked up moves into
    the resources, where a refresh of it finds out.
    """
    deployment = export["deployment"]
    known = {resource["urn"] for resource in deployment.get("resources") or ()}
    forgotten, looked_up, unknown = [], [], []
    for create in pending_creates(export):
        if create.type.startswith(ADOPTING) or create.urn in known:  # a replacement begins again
            forgotten.append(create)
        elif create.provider_id is not None:
            looked_up.append(create)
        else:
            unknown.append(create)
    settled = {name: value for name, value in deployment.items() if name != "pending_operations"}
    resources = [*(deployment.get("resources") or ()), *(create.as_made() for create in looked_up)]
    return Repair(
        state={**export, "deployment": {**settled, "resources": resources}},
        state_without={**export, "deployment": settled},
        forgotten=forgotten,
        looked_up=looked_up,
        unknown=unknown,
    )
