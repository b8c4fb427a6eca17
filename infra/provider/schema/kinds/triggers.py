"""Triggers on tables and views; whether one fires is changed in place."""

from collections.abc import Iterator, Mapping

from infra.provider.schema.comparison import Comparison, Upheaval
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import Catalog, ObjectId, Trigger
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, Step

_ENABLE = {"ORIGIN": "ENABLE", "DISABLED": "DISABLE", "REPLICA": "ENABLE REPLICA", "ALWAYS": "ENABLE ALWAYS"}


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the triggers whose definition changes."""
    for item, (_, old), (_, new) in _in_both(comparison):
        if old.definition != new.definition:
            yield Upheaval(item)


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE and DROP TRIGGER, and ENABLE or DISABLE; one that goes with its table needs no step."""
    old, new = _all(comparison.old), _all(comparison.new)
    for item, (home, _) in old.items():
        goes_with_home = home not in comparison.new_nodes or home in comparison.rebuilt
        if (item not in new or item in comparison.rebuilt) and not goes_with_home:
            yield Step(item, "delete", f"DROP TRIGGER {_name(item, home)} ON {quote(home.name)}", ACCESS_EXCLUSIVE)
    for item, (home, trigger) in new.items():
        enabled = old[item][1].enabled if item in old else "ORIGIN"
        if item not in old or item in comparison.rebuilt:
            yield Step(item, "create", trigger.definition, SHARE_ROW_EXCLUSIVE)
            enabled = "ORIGIN"
        if trigger.enabled != enabled:
            kind = "VIEW" if home.kind == "view" else "TABLE"
            sql = f"ALTER {kind} {quote(home.name)} {_ENABLE[trigger.enabled]} TRIGGER {_name(item, home)}"
            yield Step(item, "update", sql, SHARE_ROW_EXCLUSIVE)


def _name(item: ObjectId, home: ObjectId) -> str:
    return quote(item.name.removeprefix(f"{home.name}."))


def _in_both(
    comparison: Comparison,
) -> Iterator[tuple[ObjectId, tuple[ObjectId, Trigger], tuple[ObjectId, Trigger]]]:
    old = _all(comparison.old)
    for item, found in _all(comparison.new).items():
        if item in old:
            yield item, old[item], found


def _all(catalog: Catalog) -> Mapping[ObjectId, tuple[ObjectId, Trigger]]:
    homes = [(ObjectId("table", name), table.triggers) for name, table in catalog.tables.items()]
    homes += [(ObjectId("view", name), view.triggers) for name, view in catalog.views.items()]
    return {
        ObjectId("trigger", f"{home.name}.{name}"): (home, trigger)
        for home, triggers in homes
        for name, trigger in triggers.items()
    }
