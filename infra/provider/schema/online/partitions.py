"""Indexes of partitioned tables in use: CONCURRENTLY on each partition, then attached to one on the parent ONLY.

CREATE INDEX CONCURRENTLY does not work on a partitioned table. Where partitions are partitioned themselves, or come by
the same plan, the plain statement stays, and its hazard says so.
"""

from collections.abc import Sequence
from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import beside, local, quote
from infra.provider.schema.index_names import index_name
from infra.provider.schema.model import Catalog, ObjectId
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.indexes import after_leftover, built, can_be_swapped, dropped, renamed
from infra.provider.schema.online.situation import OURS, Leaf, Scene, passing_name
from infra.provider.schema.steps import SHARE, SHARE_UPDATE_EXCLUSIVE, Step


def soften(graph: Graph, scene: Scene) -> None:
    """Replace CREATE INDEX on partitioned tables in use."""
    for number, step in [*graph.steps.items()]:
        home = scene.home(step.object) if step.object.kind == "index" and step.operation == "create" else None
        if home is None or not scene.in_use(home) or not scene.is_partitioned(home):
            continue
        leaves = scene.situation.partitions.get(home.name) or _known(scene.comparison.old, home.name)
        if not any(leaf.partitioned for leaf in leaves) and not _joined(scene, home.name, leaves):
            _create(graph, scene, number, home, leaves)


def _known(catalog: Catalog, parent: str) -> tuple[Leaf, ...]:
    return tuple(
        Leaf(quote(name), name, table.partition_key is not None, (*map(local, table.indexes), *table.constraints))
        for name, table in catalog.tables.items()
        if table.partition and table.partition.parent == parent
    )


def _joined(scene: Scene, parent: str, leaves: Sequence[Leaf]) -> bool:
    """Say whether the plan gives `parent` a partition it has not yet, whose part of the index would be missed."""
    there = {leaf.name for leaf in leaves}
    tables = scene.comparison.new.tables.items()
    return any(table.partition and table.partition.parent == parent and name not in there for name, table in tables)


def _create(graph: Graph, scene: Scene, number: int, home: ObjectId, leaves: Sequence[Leaf]) -> None:
    item = graph.steps[number].object
    before, after = scene.comparison.old_nodes.get(item), scene.comparison.new_nodes[item].value
    going = graph.find(item, "delete")
    swapped = before is not None and before.value.valid and going is not None and can_be_swapped(graph, going, number)
    name = beside(item.name, passing_name("new", item)) if swapped else item.name
    unique = "UNIQUE " if after.definition.startswith("CREATE UNIQUE ") else ""
    rest = after.definition.removeprefix(f"CREATE {unique}INDEX {quote(local(item.name))} ON {quote(home.name)} ")
    top = f"CREATE {unique}INDEX {quote(local(name))} ON ONLY {quote(home.name)} {rest}"
    kept = tuple(hazard for hazard in graph.steps[number].hazards if hazard.name is HazardName.INDEX_REBUILD)
    chain = [Step(item, "create", top, SHARE, () if swapped else kept)]
    attached, renames = [], []
    for leaf in leaves:
        passing = passing_name("new", ObjectId("index", f"{leaf.sql_name} {item.name}"))
        reads = Hazard(HazardName.FULL_SCAN, item.name, f"builds the index on {leaf.sql_name}", Probe(leaf.sql_name))
        sql = f"CREATE {unique}INDEX CONCURRENTLY {passing} ON {leaf.sql_name} {rest}"
        build = built(item, sql, passing, (reads,))
        chain.append(replace(build, leaves=_beside(leaf, passing)))
        attach = f"ALTER INDEX {quote(name)} ATTACH PARTITION {_beside(leaf, passing)}"
        attached.append(Step(item, "update", attach, SHARE_UPDATE_EXCLUSIVE))
        chosen = scene.comparison.new.tables[leaf.name].part_names if leaf.name in scene.comparison.new.tables else {}
        usual = index_name(leaf.name, rest, () if swapped else leaf.indexes)
        renames.append(renamed(item, _beside(leaf, passing), chosen.get(item.name, usual)))
    chain += attached
    exchange = len(chain)
    chain += [renamed(item, quote(name), item.name)] if swapped else []
    chain += renames
    if swapped and going is not None:
        graph.disconnect(going, number)
    for first in [*graph.before[number]]:
        if graph.steps[first].object == item and graph.steps[first].lock == SHARE:  # a part made plainly
            graph.remove(first)
    numbers = graph.substitute(number, chain)
    if swapped and going is not None:
        graph.connect(going, numbers[exchange])
    after_leftover(graph, name, numbers[0])
    _clear(graph, leaves, numbers[:exchange])


def _clear(graph: Graph, leaves: Sequence[Leaf], numbers: Sequence[int]) -> None:
    """Drop what a killed run left on partitions that are not ours, which no other step does."""
    for leaf in leaves:
        for name in leaf.indexes:
            item = ObjectId("index", beside(leaf.name, name))
            if name.startswith(OURS) and graph.find(item, "delete") is None:
                left = graph.add(
                    replace(dropped(item, item.name), sql=f"DROP INDEX CONCURRENTLY {_beside(leaf, name)}"), (0, 0)
                )
                graph.connect(left, numbers[0])
            elif name.startswith(OURS):
                after_leftover(graph, item.name, numbers[0])


def _beside(leaf: Leaf, index: str) -> str:
    """Return an index of a partition as SQL writes it: in the partition's schema."""
    schema = leaf.sql_name.removesuffix(quote(local(leaf.name)))
    return f"{schema}{quote(index)}"
