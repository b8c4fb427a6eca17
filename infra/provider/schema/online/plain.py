"""Plain statements that work on every row under their lock although one does not see it: they get a hazard."""

from collections.abc import Callable
from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import Column, Constraint, ObjectId
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.locks import LONG
from infra.provider.schema.online.situation import Scene
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE, Step


def declare(graph: Graph, scene: Scene) -> None:
    """Give hazards to what will block for long."""
    for rule in RULES:
        for number, step in graph.steps.items():
            graph.steps[number] = rule(scene, step)


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


def _reads_a_domain(scene: Scene, step: Step) -> Step:
    """A stricter domain is checked against every value of it, while nobody may write."""
    words = (" ADD CONSTRAINT ", " VALIDATE CONSTRAINT ")
    reads = step.sql.endswith(" SET NOT NULL") or any(word in step.sql for word in words)
    if step.object.kind != "domain" or step.operation != "update" or not reads or step.sql.endswith(" NOT VALID"):
        return step
    what = f"reads every value of the domain {step.object.name}"
    tables = scene.tables_with(step.object)
    hazards = (Hazard(HazardName.LONG_LOCK, table.name, what, Probe(quote(table.name))) for table in tables)
    return replace(step, lock=SHARE if tables else step.lock, hazards=(*step.hazards, *hazards))


RULES: tuple[Callable[[Scene, Step], Step], ...] = (
    _rewrites_for_a_domain,
    _reads_on_retype,
    _joins_a_parent,
    _fills,
    _reads_a_domain,
)
