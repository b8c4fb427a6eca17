"""What changes, object by object, as a person would list it: a table's columns in its row, an index apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from infra.provider.schema.codec import to_json
from infra.provider.schema.model import TOP_LEVEL, Catalog, Table, View
from infra.provider.schema.nodes import nodes
from infra.provider.schema.renaming import renamed

Operation = Literal["create", "update", "delete"]
PathOperation = Literal["add", "update", "delete"]
Json = Mapping[str, Any]

KINDS = {
    "schema": "Schema",
    "extension": "Extension",
    "enum": "Enum",
    "domain": "Domain",
    "composite": "Type",
    "sequence": "Sequence",
    "table": "Table",
    "view": "View",
    "function": "Function",
    "index": "Index",
    "policy": "Policy",
    "trigger": "Trigger",
    "aggregate": "Aggregate",
    "range": "Range",
    "collation": "Collation",
    "operator": "Operator",
    "cast": "Cast",
    "tsdictionary": "TextSearchDictionary",
    "tsconfiguration": "TextSearchConfiguration",
    "statistics": "Statistics",
    "rule": "Rule",
    "eventtrigger": "EventTrigger",
    "publication": "Publication",
}
"""Kinds of object that have a row of their own -> what the row calls them."""


@dataclass(frozen=True)
class DisplayedObject:
    """An object with a row of its own and its properties as JSON."""

    kind: str
    name: str
    properties: Json


@dataclass(frozen=True)
class ObjectChange:
    """How one object changes; `paths` are the changed properties of an update, e.g. columns.region."""

    kind: str
    name: str
    operation: Operation
    paths: Mapping[str, PathOperation] = field(default_factory=dict)
    old: Json | None = None
    new: Json | None = None


def displayed_objects(catalog: Catalog) -> list[DisplayedObject]:
    """Return every object of `catalog` that has a row of its own, sorted by kind and name."""
    found = [
        DisplayedObject(KINDS[item.kind], item.name, _properties(node.value, node.inside))
        for item, node in nodes(catalog).items()
        if item.kind in KINDS
    ]
    nothing: dict[str, Any] = {attribute: {} for attribute in TOP_LEVEL.values()}
    if properties := to_json(replace(catalog.objects_only(), **nothing)):
        found.append(DisplayedObject("Schema", "schema", properties))
    return sorted(found, key=lambda shown: (shown.kind, shown.name))


def object_changes(current: Catalog, desired: Catalog) -> list[ObjectChange]:
    """Return what changes from `current` to `desired`, sorted by kind and name."""
    if current == desired:  # by far the quickest way to know, for a large schema that was just applied
        return []
    first = renamed(current, desired)
    old = {(shown.kind, shown.name): shown.properties for shown in displayed_objects(first.catalog)}
    moved = {
        (KINDS.get(rename.kind, ""), f"{rename.home}.{rename.new}" if rename.home else rename.new)
        for rename in first.done
    }
    new = {(shown.kind, shown.name): shown.properties for shown in displayed_objects(desired)}
    found = []
    for kind, name in sorted({*old, *new}):
        before, after = old.get((kind, name)), new.get((kind, name))
        if before is None:
            found.append(ObjectChange(kind, name, "create", new=after))
        elif after is None:
            found.append(ObjectChange(kind, name, "delete", old=before))
        elif paths := dict(_changed(before, after, moved=(kind, name) in moved)):
            found.append(ObjectChange(kind, name, "update", paths, before, after))
    return found


def _properties(value: Any, inside: Any) -> Json:
    if isinstance(value, Table):
        value = replace(value, indexes={}, policies={}, triggers={})
    elif isinstance(value, View):
        value = replace(value, indexes={}, triggers={})
    properties: dict[str, Any] = to_json(value)
    return {"on": inside.name, **properties} if inside else properties


def _changed(old: Json, new: Json, *, moved: bool) -> Iterator[tuple[str, PathOperation]]:
    if moved:
        yield "name", "update"
    yield from _paths(old, new)


def _paths(old: Json, new: Json, prefix: str = "") -> Iterator[tuple[str, PathOperation]]:
    for name in sorted({*old, *new}):
        path = f"{prefix}{name}"
        if name not in old:
            yield from _whole(path, new[name], "add")
        elif name not in new:
            yield from _whole(path, old[name], "delete")
        elif old[name] == new[name]:
            continue
        elif isinstance(old[name], Mapping) and isinstance(new[name], Mapping):
            yield from _paths(old[name], new[name], f"{path}.")
        else:
            yield path, "update"


def _whole(path: str, value: Any, operation: PathOperation) -> Iterator[tuple[str, PathOperation]]:
    """Name each member of a collection that comes or goes as a whole, e.g. the first column grants of a table."""
    collections = ("columns", "constraints", "grants", "default_grants", "options", "settings", "tables")
    if isinstance(value, Mapping) and path in collections:
        yield from ((f"{path}.{name}", operation) for name in value)
    else:
        yield path, operation
