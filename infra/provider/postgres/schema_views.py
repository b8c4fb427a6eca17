"""The rows that a schema shows below its own: one for each object, with what changes of it."""

from collections.abc import Mapping
from typing import Any

from infra.plugin import ViewStep, compare
from infra.plugin.views import Operation
from infra.provider.schema.changes import displayed_objects, object_changes
from infra.provider.schema.model import Catalog

TYPE_PREFIX = "pgstack:postgres:"
COLLECTIONS = frozenset({"columns", "constraints", "grants", "options", "settings"})
"""Properties of a displayed object that are collections of named parts."""


def created(catalog: Catalog) -> list[ViewStep]:
    """Return a row for every object of a schema that is made."""
    return [_row("create", item.kind, item.name, None, item.properties) for item in displayed_objects(catalog)]


def deleted(catalog: Catalog) -> list[ViewStep]:
    """Return a row for every object of a schema that goes.

    Their properties go at once, the rows one by one: the engine writes its whole state twice for each of them.
    """
    return [_row("delete", item.kind, item.name, {}, None) for item in displayed_objects(catalog)]


def changed(old: Catalog, new: Catalog) -> list[ViewStep]:
    """Return a row for every object: what changes, and what stays, or the engine would forget it."""
    changes = object_changes(old, new)
    touched = {(change.kind, change.name) for change in changes}
    stays = [
        _row("same", item.kind, item.name, item.properties, item.properties)
        for item in displayed_objects(new)
        if (item.kind, item.name) not in touched
    ]
    return [*(_row(c.operation, c.kind, c.name, c.old, c.new) for c in changes), *stays]


def _row(
    operation: Operation, kind: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> ViewStep:
    before, after = _flat(old), _flat(new)
    changes = compare(before, after) if before is not None and after is not None else {}
    return ViewStep(operation, TYPE_PREFIX + kind, name, before, after, changes)


def _flat(properties: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Bring a table's columns and the like to the top: a preview's row names top-level properties only."""
    if properties is None:
        return None
    flat: dict[str, Any] = {}
    for name, value in properties.items():
        if name in COLLECTIONS:
            flat |= {f"{name}.{part}": item for part, item in value.items()}
        else:
            flat[name] = value
    return flat
