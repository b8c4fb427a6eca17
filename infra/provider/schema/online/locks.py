"""Which relations in use a step keeps others from, and which plain steps do so for long."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import Catalog, Column, Constraint, ObjectId, Table
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.situation import Scene
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, SHARE, SHARE_ROW_EXCLUSIVE, Plan, Step

LONG = frozenset({HazardName.TABLE_REWRITE, HazardName.LONG_LOCK})
"""Hazards of a step that holds a blocking lock for as long as it works on every row."""

_STRENGTH = (SHARE, SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE)


def declare(graph: Graph, scene: Scene) -> None:
    """Tell of each step what it blocks, and give a hazard to what will block for long."""
    for number, step in [*graph.steps.items()]:
        told = _fills(scene, _joins_a_parent(scene, _reads_on_retype(scene, _rewrites_for_a_domain(scene, step))))
        graph.steps[number] = replace(told, on=tuple(sorted({*_locked(scene, told)})))


def phase_locks(plan: Plan, phase: Sequence[Step]) -> dict[str, str]:
    """Return the locks that a phase takes on tables: table -> the strongest, in the order to take them.

    That is the order in which users take theirs, as far as it can be known: a table before the ones it refers to.
    """
    found: dict[str, str] = {}
    for step in phase:
        for table in step.blocks:
            if table in plan.current.tables:
                found[table] = max(found.get(table, step.lock), step.lock, key=_STRENGTH.index)
    return {table: found[table] for table in _referring_first(plan.current, sorted(found))}


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


def _joins_a_parent(scene: Scene, step: Step) -> Step:
    """A new partition locks its parent, and reads the default partition for rows that will be its own."""
    table = scene.comparison.new.tables.get(step.object.name)
    if step.object.kind != "table" or step.operation != "create" or table is None or table.partition is None:
        return step
    parent = table.partition.parent
    if parent not in scene.comparison.old.tables:
        return step
    reads = tuple(
        Hazard(HazardName.LONG_LOCK, step.object.name, f"reads the default partition {name}", Probe(quote(name)))
        for name, other in scene.comparison.old.tables.items()
        if other.partition and (other.partition.parent, other.partition.bound) == (parent, "DEFAULT")
    )
    return replace(step, lock=ACCESS_EXCLUSIVE, hazards=(*step.hazards, *reads))


def _fills(scene: Scene, step: Step) -> Step:
    """A materialized view is filled as it is made: a new one in a transaction that locks nothing else.

    One made again has to be dropped in the same transaction, so its readers wait.
    """
    view = scene.comparison.new.views.get(step.object.name)
    if step.object.kind != "view" or step.operation != "create" or view is None or not view.materialized:
        return step
    if step.object not in scene.comparison.old_nodes:
        return replace(step, alone=any(scene.comparison.old.tables))
    what = "the materialized view is made and filled again"
    hazard = Hazard(HazardName.LONG_LOCK, step.object.name, what, Probe(quote(step.object.name)))
    return replace(step, hazards=(*step.hazards, hazard))


def _reads_on_retype(scene: Scene, step: Step) -> Step:
    """A type change that leaves the rows as they are still checks constraints again, or builds indexes anew."""
    old, new = (nodes.get(step.object) for nodes in (scene.comparison.old_nodes, scene.comparison.new_nodes))
    if step.object.kind != "column" or " TYPE " not in step.sql or old is None or new is None:
        return step
    home = scene.home(step.object)
    if home is None or any(hazard.name in LONG for hazard in step.hazards):
        return step
    before, after = old.value, new.value
    leaning = [ObjectId.parse(name) for name in scene.comparison.dependents.get(str(step.object), ())]
    redone = {
        item.name
        for item in leaning
        if item.kind in ("constraint", "index") and (before.collation != after.collation or _is_check(scene, item))
    }
    if not redone:
        return step
    what = f"checks or builds anew {', '.join(sorted(redone))}"
    hazard = Hazard(HazardName.LONG_LOCK, step.object.name, what, Probe(quote(home.name)))
    return replace(step, hazards=(*step.hazards, hazard))


def _is_check(scene: Scene, item: ObjectId) -> bool:
    node = scene.comparison.old_nodes.get(item)
    return node is not None and isinstance(node.value, Constraint) and node.value.kind == "check"


def _rewrites_for_a_domain(scene: Scene, step: Step) -> Step:
    """PostgreSQL writes a table anew for a new column whose domain has constraints, to check each row's value."""
    node = scene.comparison.new_nodes.get(step.object)
    home = scene.home(step.object)
    if node is None or home is None or step.operation != "create" or not isinstance(node.value, Column):
        return step
    domain = scene.comparison.new.domains.get(node.value.type.strip('"'))
    rewritten = any(hazard.name is HazardName.TABLE_REWRITE for hazard in step.hazards)
    if domain is None or rewritten or not (domain.constraints or not domain.nullable):
        return step
    what = f"checks the domain {node.value.type} for every row"
    hazard = Hazard(HazardName.TABLE_REWRITE, step.object.name, what, Probe(quote(home.name)))
    return replace(step, hazards=(*step.hazards, hazard))
