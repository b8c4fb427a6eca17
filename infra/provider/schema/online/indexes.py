"""Indexes of relations in use: built and dropped CONCURRENTLY, a changed one built beside the old and then swapped."""

from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import beside, local, quote
from infra.provider.schema.model import Index, ObjectId
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.situation import Scene, passing_name
from infra.provider.schema.steps import SHARE_UPDATE_EXCLUSIVE, Step


def soften(graph: Graph, scene: Scene) -> None:
    """Replace CREATE INDEX and DROP INDEX on relations in use."""
    for number in [*graph.steps]:
        step = graph.steps.get(number)
        if step is None or step.object.kind != "index":
            continue
        home = scene.home(step.object)
        if home is None or not scene.in_use(home) or scene.is_partitioned(home):
            continue
        if step.operation == "delete" and graph.find(step.object, "create") is None:
            if scene.situation.drops_concurrently:
                _drop(graph, number, home)
        elif step.operation == "create":
            _create(graph, scene, number, home)


def _create(graph: Graph, scene: Scene, number: int, home: ObjectId) -> None:
    item = graph.steps[number].object
    before, after = scene.comparison.old_nodes.get(item), scene.comparison.new_nodes[item]
    going = graph.find(item, "delete")
    if before is None or going is None:
        graph.steps[number] = _built(item, after.value, home)
    elif before.value.valid and can_be_swapped(graph, going, number):
        at_once = _is_referenced(graph, number) or not scene.situation.drops_concurrently
        swap = _swap_at_once if at_once else _swap
        swap(graph, going, number, _built(item, after.value, home, beside(item.name, passing_name("new", item))))
    elif before.value.valid:
        # What the old one leans on changes: it goes in one transaction with that, and is away until this is built.
        step = _built(item, after.value, home)
        graph.steps[number] = replace(step, hazards=(*graph.steps[number].hazards, *step.hazards))
    else:
        if scene.situation.drops_concurrently:
            graph.steps[going] = dropped(item, item.name)
        graph.steps[number] = _built(item, after.value, home)


def _built(item: ObjectId, index: Index, home: ObjectId, name: str | None = None) -> Step:
    reads = Hazard(HazardName.FULL_SCAN, item.name, f"builds the index on {home.name}", Probe(quote(home.name)))
    name = name or item.name
    return built(item, concurrently(index.definition, item.name, name), name, (reads,))


def built(item: ObjectId, sql: str, name: str, hazards: tuple[Hazard, ...]) -> Step:
    """Return the step that builds the index `name` by the CREATE INDEX CONCURRENTLY statement `sql`."""
    lock, left = SHARE_UPDATE_EXCLUSIVE, quote(name)
    return Step(item, "create", sql, lock, hazards, transactional=False, alone=True, leaves=left)


def concurrently(definition: str, name: str, new_name: str) -> str:
    """Return the CREATE INDEX statement `definition` of index `name` as one that blocks nobody and makes `new_name`."""
    unique = "UNIQUE " if definition.startswith("CREATE UNIQUE ") else ""
    rest = definition.removeprefix(f"CREATE {unique}INDEX {quote(local(name))} ")
    return f"CREATE {unique}INDEX CONCURRENTLY {quote(local(new_name))} {rest}"


def dropped(item: ObjectId, name: str) -> Step:
    """Return the step that drops the index `name` while everybody goes on working."""
    sql = f"DROP INDEX CONCURRENTLY {quote(name)}"
    return Step(item, "delete", sql, SHARE_UPDATE_EXCLUSIVE, transactional=False, alone=True)


def _drop(graph: Graph, number: int, home: ObjectId) -> None:
    """Drop an index concurrently, unless the next thing is to lock its table for the loss of a column of it."""
    followers = (graph.steps[other] for other in graph.after[number])
    if any(other.operation == "delete" and other.object.name.startswith(f"{home.name}.") for other in followers):
        return
    item = graph.steps[number].object
    graph.steps[number] = replace(dropped(item, item.name), hazards=graph.steps[number].hazards)


def can_be_swapped(graph: Graph, going: int, coming: int) -> bool:
    """Say whether the new index can be built while the old one stands: nothing between them changes what they need."""
    return not graph.following(going) & (graph.preceding(coming) - {going})


def _swap(graph: Graph, going: int, coming: int, build: Step) -> None:
    """Build the new index, exchange the names, and drop the old one while everybody goes on working."""
    item = build.object
    new, old = (beside(item.name, passing_name(which, item)) for which in ("new", "old"))
    graph.disconnect(going, coming)
    numbers = graph.substitute(
        coming, [build, renamed(item, quote(item.name), old), renamed(item, quote(new), item.name)]
    )
    for first in [*graph.before[going]]:
        graph.connect(first, numbers[1])
    graph.steps[going] = dropped(item, old)
    graph.places[going] = (graph.places[numbers[-1]][0], len(numbers))
    graph.connect(numbers[-1], going)
    after_leftover(graph, new, numbers[0])
    after_leftover(graph, old, numbers[1])


def _swap_at_once(graph: Graph, going: int, coming: int, build: Step) -> None:
    """Build the new index, and let it take the old one's place in one transaction."""
    item, new = build.object, beside(build.object.name, passing_name("new", build.object))
    graph.disconnect(going, coming)
    numbers = graph.substitute(coming, [build, renamed(item, quote(new), item.name)])
    graph.connect(going, numbers[1])
    after_leftover(graph, new, numbers[0])


def renamed(item: ObjectId, old: str, new: str) -> Step:
    """Return the step that gives the index `old`, as SQL writes it, the name `new`."""
    return Step(item, "update", f"ALTER INDEX {old} RENAME TO {quote(local(new))}", SHARE_UPDATE_EXCLUSIVE)


def _is_referenced(graph: Graph, coming: int) -> bool:
    """Say whether a foreign key is made again: it would take the old index, were that still there by another name."""
    followers = (graph.steps[number] for number in graph.after[coming])
    return any(step.object.kind == "constraint" and step.operation == "create" for step in followers)


def after_leftover(graph: Graph, name: str, number: int) -> None:
    """Let a step that takes a passing name wait until what a killed run left under it is gone."""
    left = graph.find(ObjectId("index", name), "delete")
    if left is not None:
        graph.connect(left, number)
