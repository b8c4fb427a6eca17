"""Tables of another partition key: no statement changes it, so they go with their rows, and are made anew.

The current state is planned towards one without them and what leans on them, and that towards the desired one.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from infra.provider.schema.comparison import REBUILDABLE, Comparison
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import HazardName
from infra.provider.schema.identifiers import Part
from infra.provider.schema.model import TOP_LEVEL, Catalog, ObjectId
from infra.provider.schema.moves import with_partitions
from infra.provider.schema.nodes import Node, nodes
from infra.provider.schema.steps import Step

_PARTS = {"constraint": "constraints", "index": "indexes", "policy": "policies", "trigger": "triggers"}


def made_anew(current: Catalog, desired: Catalog) -> dict[str, str]:
    """Return the tables that can not stay as they are, and why."""
    both = (name for name in current.tables if name in desired.tables)
    keys = {name: (current.tables[name].partition_key, desired.tables[name].partition_key) for name in both}
    return {
        name: f"the partition key changes from {before or 'none'} to {after or 'none'}: the table is made anew, empty"
        for name, (before, after) in keys.items()
        if before != after
    }


def without(current: Catalog, tables: Collection[str]) -> Catalog:
    """Return `current` without `tables`, their partitions, and all that would have to go before them.

    Raises:
        CannotPlan: something that holds rows of its own leans on one.
    """
    known = nodes(current)
    leaving = with_partitions(current, tables)
    going = {item for item, node in known.items() if _home(node).name in leaving and _home(node).kind == "table"}
    going |= {
        ObjectId("sequence", name)
        for name, sequence in current.sequences.items()
        if isinstance(sequence.owned_by, Part) and sequence.owned_by.home in leaving
    }
    waiting = sorted(going)
    dependents = Comparison(current, Catalog(), "").dependents
    while waiting:
        cause = waiting.pop()
        for item in map(ObjectId.parse, dependents.get(str(cause), [])):
            if item in going or item not in known:
                continue
            if item.kind not in REBUILDABLE:
                raise CannotPlan(
                    cause, f"it can not be made anew while {item} uses it", "Drop that in an update before."
                )
            inside = {other for other, node in known.items() if node.inside == item}
            going |= {item, *inside}
            waiting += [item, *inside]
    return _leaving_out(current, going)


def told(step: Step, tables: Mapping[str, str]) -> Step:
    """Return the step that drops one of `tables` with the reason in its hazard."""
    if step.object.kind != "table" or step.operation != "delete" or step.object.name not in tables:
        return step
    hazards = (
        replace(hazard, what=tables[step.object.name]) if hazard.name == HazardName.DATA_LOSS else hazard
        for hazard in step.hazards
    )
    return replace(step, hazards=tuple(hazards))


def _home(node: Node) -> ObjectId:
    return node.inside or node.id


def _leaving_out(current: Catalog, going: Collection[ObjectId]) -> Catalog:
    fields: dict[str, Any] = {}
    for kind, attribute in TOP_LEVEL.items():
        kept = {name: value for name, value in getattr(current, attribute).items() if ObjectId(kind, name) not in going}
        if kind in ("table", "view"):
            kept = {name: _parts_left(name, value, going) for name, value in kept.items()}
        fields[attribute] = kept
    names = {str(item) for item in going}
    fields["dependencies"] = tuple(pair for pair in current.dependencies if names.isdisjoint(pair))
    return replace(current, **fields)


def _parts_left(home: str, value: Any, going: Collection[ObjectId]) -> Any:
    """Return a table or view without those of its parts that go."""
    left = {
        attribute: {
            name: part
            for name, part in getattr(value, attribute).items()
            if ObjectId(kind, name if kind == "index" else f"{home}.{name}") not in going
        }
        for kind, attribute in _PARTS.items()
        if hasattr(value, attribute)
    }
    return replace(value, **left)
