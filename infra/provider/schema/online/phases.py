"""Which steps share a transaction: as many as can, but nobody waits for the long work of another's table."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import quote
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.locks import takes_long, worked_on
from infra.provider.schema.online.situation import Scene
from infra.provider.schema.steps import Step

RELATIONS_LOCKED = 64
"""Relations in use that one transaction may lock, unless what can not be parted locks more."""


def in_phases(graph: Graph, scene: Scene, cap: int = RELATIONS_LOCKED) -> tuple[Step, ...]:
    """Return the steps in order, each with the number of its phase.

    Args:
        graph: what must come before what.
        scene: says which steps may hold their lock longer than anyone should wait.
        cap: how many relations in use one transaction may lock.
    """
    _close_gaps(graph)
    levels = _levels(graph)
    members: dict[int, list[int]] = defaultdict(list)
    for number, level in levels.items():
        members[level].append(number)
    phases = [phase for level in sorted(members) for phase in _phases(graph, members[level], scene, cap)]
    return tuple(
        replace(step, phase=position) for position, phase in enumerate(phases, 1) for step in _told(graph, phase, scene)
    )


def _commits_first(step: Step) -> bool:
    """Say whether nothing may use what a step made before it is committed: a new label of an enum."""
    return step.object.kind == "enum" and step.operation == "update" and " ADD VALUE " in step.sql


def _close_gaps(graph: Graph) -> None:
    """Let what is dropped to be made again wait for all that its maker waits for: there is no time without it."""
    for going, step in [*graph.steps.items()]:
        coming = graph.find(step.object, "create") if step.operation == "delete" and not step.alone else None
        if coming is None or coming not in graph.following(going):
            continue
        alone = {number for number in graph.preceding(coming) if _parts(graph.steps[number])}
        for number in alone - graph.following(going) - graph.preceding(going):
            if going not in graph.preceding(number):
                graph.connect(number, going)


def _parts(step: Step) -> bool:
    return step.alone or _commits_first(step)


def _levels(graph: Graph) -> dict[int, int]:
    """Return how many phases must have ended before each step can run; what only lets go is left as long as can be."""
    order = _sorted(graph)
    levels: dict[int, int] = {}
    for number in order:
        found = [levels[first] + _distance(graph, first, number) for first in graph.before[number]]
        levels[number] = max(found, default=1)
    for number in reversed(order):
        step = graph.steps[number]
        if (step.operation == "delete" or step.side == "old") and not step.alone and graph.after[number]:
            levels[number] = min(levels[last] - _distance(graph, number, last) for last in graph.after[number])
    return levels


def _distance(graph: Graph, first: int, second: int) -> int:
    before, after = graph.steps[first], graph.steps[second]
    return 1 if before.alone or after.alone or (_commits_first(before) and not _commits_first(after)) else 0


def _sorted(graph: Graph) -> list[int]:
    blockers = {number: len(first) for number, first in graph.before.items() if number in graph.steps}
    ready = [number for number, count in blockers.items() if count == 0]
    order = []
    while ready:
        number = ready.pop()
        order.append(number)
        for second in graph.after[number]:
            blockers[second] -= 1
            if blockers[second] == 0:
                ready.append(second)
    if len(order) != len(graph.steps):
        raise AssertionError("steps wait for each other in a ring")
    return order


def _phases(graph: Graph, level: Iterable[int], scene: Scene, cap: int) -> Iterator[list[int]]:
    in_order = sorted(level, key=graph.places.__getitem__)
    together = [number for number in in_order if not graph.steps[number].alone]
    families = _families(graph, together)
    long = [family for family in families if any(takes_long(graph.steps[number], scene) for number in family)]
    packed: list[int] = []
    for family in families:
        if family in long:
            continue
        if packed and len(_blocked(graph, [*packed, *family])) > cap and _blocked(graph, family):
            yield _views_first(graph, packed, scene)
            packed = []
        packed += family
    if packed:
        yield _views_first(graph, packed, scene)
    yield from (_views_first(graph, family, scene) for family in long)
    yield from ([number] for number in in_order if graph.steps[number].alone)


def _views_first(graph: Graph, numbers: Collection[int], scene: Scene) -> list[int]:
    """Sort the steps of a phase: whoever reads a view locks it before its tables, and so does the phase if it can."""
    members = set(numbers)

    def later(number: int) -> bool:
        step = graph.steps[number]
        views = any(name in scene.comparison.old.views for name in step.blocks)
        return not views or bool(graph.before[number] & members)

    return sorted(numbers, key=lambda number: (later(number), graph.places[number]))


def _blocked(graph: Graph, numbers: Iterable[int]) -> set[str]:
    return {relation for number in numbers for relation in graph.steps[number].blocks}


def _families(graph: Graph, numbers: Collection[int]) -> list[list[int]]:
    """Return what must not be parted: steps that wait for each other, or work on the same relation in use."""
    root = {number: number for number in numbers}

    def top(number: int) -> int:
        while root[number] != number:
            root[number] = root[root[number]]
            number = root[number]
        return number

    first_on: dict[str, int] = {}
    for number in numbers:
        for relation in graph.steps[number].blocks:
            root[top(number)] = top(first_on.setdefault(relation, number))
        for other in graph.after[number]:
            if other in root:
                root[top(number)] = top(other)
    families: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        families[top(number)].append(number)
    return list(families.values())


def _told(graph: Graph, phase: list[int], scene: Scene) -> Iterator[Step]:
    """Yield the steps of a phase; one that blocks another table than the one worked on says so, too."""
    steps = [graph.steps[number] for number in phase]
    workers = [step for step in steps if takes_long(step, scene)]
    told = {relation for step in workers for relation in worked_on(step)}
    for step in steps:
        waiting = (
            [name for name in step.blocks if quote(name) not in told and name in scene.comparison.old.tables]
            if workers
            else []
        )
        told |= {quote(name) for name in waiting}
        what = f"locked until the transaction ends in which {workers[0].object} is changed" if workers else ""
        added = tuple(Hazard(HazardName.LONG_LOCK, name, what, Probe(quote(name))) for name in waiting)
        yield replace(step, hazards=(*step.hazards, *added))
