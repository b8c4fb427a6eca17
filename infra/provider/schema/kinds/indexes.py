"""Indexes of tables and materialized views: a changed or invalid one is made again."""

from collections.abc import Iterator, Mapping

from infra.provider.schema.comparison import Comparison, Upheaval, both
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import quote
from infra.provider.schema.kinds.attaching import parts_first
from infra.provider.schema.model import Catalog, Index, ObjectId
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE, Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the indexes whose definition changes, and those that are invalid."""
    for name, (_, old), (_, new) in both(_all(comparison.old), _all(comparison.new)):
        if old.definition != new.definition or old.valid != new.valid:
            yield Upheaval(ObjectId("index", name))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE INDEX and DROP INDEX; an index that goes with its table needs no step."""
    old, new = _all(comparison.old), _all(comparison.new)
    for name, (home, _) in old.items():
        item = ObjectId("index", name)
        goes_with_home = home not in comparison.new_nodes or home in comparison.rebuilt
        if (name not in new or item in comparison.rebuilt) and not goes_with_home:
            yield Step(item, "delete", f"DROP INDEX {quote(name)}", ACCESS_EXCLUSIVE)
    for name, (home, index) in new.items():
        item = ObjectId("index", name)
        if name in old and item not in comparison.rebuilt:
            continue
        yield from parts_first(comparison, item, name)
        yield Step(item, "create", index.definition, SHARE, _hazards(comparison, name, home))


def _all(catalog: Catalog) -> Mapping[str, tuple[ObjectId, Index]]:
    homes = [(ObjectId("table", name), table.indexes) for name, table in catalog.tables.items()]
    homes += [(ObjectId("view", name), view.indexes) for name, view in catalog.views.items()]
    return {name: (home, index) for home, indexes in homes for name, index in indexes.items()}


def _hazards(comparison: Comparison, name: str, home: ObjectId) -> tuple[Hazard, ...]:
    if comparison.created(home):
        return ()
    rows = Probe(quote(home.name))
    if ObjectId("index", name) in comparison.old_nodes:
        return (Hazard(HazardName.INDEX_REBUILD, name, "", rows),)
    return (Hazard(HazardName.LONG_LOCK, name, f"builds the index on {home.name}", rows),)
