"""Which relations a step locks, in which order a phase takes its locks, and who holds one for long."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.provider.schema.hazards import HazardName
from infra.provider.schema.model import Catalog, Constraint, ObjectId, Table
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.situation import Scene
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, SHARE, SHARE_ROW_EXCLUSIVE, Plan, Step

LONG = frozenset({HazardName.TABLE_REWRITE, HazardName.LONG_LOCK})
"""Hazards of a step that holds a blocking lock for as long as it works on every row."""

_STRENGTH = (SHARE, SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE)


def declare(graph: Graph, scene: Scene) -> None:
    """Tell of each step what it locks."""
    for number, step in graph.steps.items():
        graph.steps[number] = replace(step, on=tuple(sorted({*_locked(scene, step)})))


def phase_locks(plan: Plan, phase: Sequence[Step]) -> dict[str, str]:
    """Return the locks that a phase takes on tables: table -> the strongest, in the order to take them.

    That is the order in which users take theirs, as far as it can be known: a table before the ones it refers to.
    """
    found: dict[str, str] = {}
    there = plan.current.tables.keys() - _dropped_before(plan, phase)
    for step in phase:
        for table in step.blocks:
            if table in there:
                found[table] = max(found.get(table, step.lock), step.lock, key=_STRENGTH.index)
    return {table: found[table] for table in _referring_first(plan.current, sorted(found))}


def _dropped_before(plan: Plan, phase: Sequence[Step]) -> set[str]:
    return {
        step.object.name
        for step in plan.steps
        if step.phase < phase[0].phase and step.operation == "delete" and step.object.kind == "table"
    }


def _referring_first(catalog: Catalog, tables: Sequence[str]) -> list[str]:
    order: list[str] = []
    seen: set[str] = set()

    def visit(table: str) -> None:
        if table in seen:
            return
        seen.add(table)
        for constraint in catalog.tables[table].constraints.values():
            if constraint.references and constraint.references in catalog.tables:
                visit(constraint.references)
        order.append(table)

    for table in tables:
        visit(table)
    return [table for table in reversed(order) if table in tables]


def takes_long(step: Step, scene: Scene) -> bool:
    """Say whether a step may hold its lock longer than anyone should wait: on no small relation, and by no mere DDL."""
    return bool(worked_on(step) & scene.large)


def worked_on(step: Step) -> set[str]:
    """Return the relations, quoted for SQL, all of whose rows a step works on under its lock."""
    return {hazard.probe.relation for hazard in step.hazards if hazard.name in LONG and hazard.probe}


def _locked(scene: Scene, step: Step) -> Iterator[str]:
    if step.lock == NO_LOCK:
        return
    for relation in _touched(scene, step):
        if relation in scene.comparison.old_nodes:
            yield relation.name


def _touched(scene: Scene, step: Step) -> Iterator[ObjectId]:
    item = step.object
    if home := scene.home(item):
        yield home
    yield from scene.tables_with(item)
    if item.kind == "column" and " TYPE " in step.sql:
        yield from _tied_by_foreign_keys(scene, item)
    for nodes in (scene.comparison.old_nodes, scene.comparison.new_nodes):
        node = nodes.get(item)
        if node is None:
            continue
        if isinstance(node.value, Constraint) and node.value.references:
            yield ObjectId("table", node.value.references)
        if isinstance(node.value, Table):
            yield from _beside(node.value, goes=step.operation == "delete")


def _beside(table: Table, *, goes: bool) -> Iterator[ObjectId]:
    """Yield the parent of a partition, and the tables that lose triggers with a table's foreign keys."""
    if table.partition:
        yield ObjectId("table", table.partition.parent)
    for constraint in table.constraints.values():
        if goes and constraint.references:
            yield ObjectId("table", constraint.references)


def _tied_by_foreign_keys(scene: Scene, column: ObjectId) -> Iterator[ObjectId]:
    """PostgreSQL makes the foreign keys from and to a column anew when its type changes, and checks both tables."""
    for name in scene.comparison.dependents.get(str(column), ()):
        node = scene.comparison.old_nodes.get(ObjectId.parse(name))
        if node is not None and isinstance(node.value, Constraint) and node.value.references and node.inside:
            yield node.inside
            yield ObjectId("table", node.value.references)
