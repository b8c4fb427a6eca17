"""What the bridged resources of this plugin share: when two values of a property mean the same, and whose it is."""

import json
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter

from infra.plugin import UNKNOWN, Context, UserError, has_unknown
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, BridgedResource


class Label(BridgedInputs):
    """One label; the official plugin takes them as a list."""

    label: str
    value: str = ""


InputsT = TypeVar("InputsT", bound=BridgedInputs)


class DockerResource(BridgedResource[InputsT]):
    """A resource of a Docker engine. Lists are sets unless `ordered` names them."""

    ordered: ClassVar[frozenset[str]] = frozenset()

    def preview_create(self, context: Context, inputs: State) -> State:
        """Return the inputs; what the engine will choose is unknown."""
        return {**dict.fromkeys(self.computed, UNKNOWN), **super().preview_create(context, inputs)}

    def same(self, name: str, a: Any, b: Any) -> bool:
        """Two values are the same when they ask the engine for the same."""
        if super().same(name, a, b):
            return True
        if has_unknown(a) or has_unknown(b):
            return False
        return (self.normal(name, a) or None) == (self.normal(name, b) or None)

    def normal(self, name: str, value: Any) -> Any:
        """Return `value` with its defaults filled in, empty parts left out, and sets in one order."""
        if value is None:
            return None
        adapter = TypeAdapter[Any](self._types()[name])
        plain = adapter.dump_python(adapter.validate_python(_given(value)), by_alias=True, mode="json")
        return _pruned(plain, ordered=name in self.ordered)

    def _types(self) -> dict[str, Any]:
        return {str(field.alias): field.annotation for field in self.inputs_type.model_fields.values()}


def written_as(version: int) -> State:
    """Return the mark of the official plugin's state format: without it the state would be migrated as an old one."""
    return {"__meta": json.dumps({"schema_version": str(version)})}


def to_map(labels: list[Label] | None) -> dict[str, str]:
    """Return labels as the engine takes them."""
    return {label.label: label.value for label in labels or ()}


def from_map(labels: dict[str, str] | None) -> list[dict[str, str]]:
    """Return the engine's labels as the official plugin gives them."""
    return [{"label": name, "value": value} for name, value in sorted((labels or {}).items())]


def adopt(
    context: Context, resource: DockerResource[Any], wanted: BridgedInputs, found: State, *, what: str, found_id: str
) -> None:
    """Accept what an interrupted create of ours left under the name wanted, and say so.

    It is ours when it bears the labels wanted, at least one, and is made as wanted.

    Args:
        context: of the create.
        resource: the type.
        wanted: the inputs.
        found: the state of what was found.
        what: e.g. `volume data`.
        found_id: what it would be imported by.

    Raises:
        UserError: it is not ours.
    """
    inputs = wanted.model_dump(by_alias=True)
    given = [name for name, value in inputs.items() if value is not None]
    different = [name for name in given if not resource.same(name, found.get(name), inputs[name])]
    kind = what.split(maxsplit=1)[0]
    if different or not inputs.get("labels"):
        why = f"and differs in `{different[0]}`" if different else "and no label tells that it is ours"
        raise UserError(
            f"error creating {what}: it exists already {why}; remove it (`docker {kind} rm`), "
            f"import it (`pulumi import {resource.token} {context.name} {found_id}`), or take another name"
        )
    context.log("warning", f"{what} exists already, made as wanted and with the same labels: it is taken over")


def _given(value: Any) -> Any:
    """Return `value` without what is not given, at every depth: the official plugin notes a lot of it in the state."""
    match value:
        case dict():
            kept = {key: item for key, item in value.items() if item not in (None, "", [], {}) and key != "__defaults"}
            return {key: _given(item) for key, item in kept.items()}
        case list():
            return [_given(item) for item in value]
        case _:
            return value


def _pruned(value: Any, *, ordered: bool) -> Any:
    match value:
        case dict():
            pruned = {key: _pruned(item, ordered=ordered) for key, item in value.items()}
            return {key: item for key, item in pruned.items() if item not in (None, "", 0, False, [], {})}
        case list():
            items = [_pruned(item, ordered=ordered) for item in value]
            return items if ordered else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
        case _:
            return value
