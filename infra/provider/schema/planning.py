"""From two catalogs to a plan. Pure: nothing here talks to a server."""

from collections.abc import Sequence

from infra.provider.schema.comparison import Comparison, with_rebuilds
from infra.provider.schema.kinds import PLANNERS, UPHEAVALS
from infra.provider.schema.mentions import mentions
from infra.provider.schema.model import Catalog
from infra.provider.schema.moves import handed_over
from infra.provider.schema.online import constraints, indexes, locks, not_null, partitions, plain
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.phases import in_phases
from infra.provider.schema.online.situation import Scene, Situation
from infra.provider.schema.ordering import ordered, precedence
from infra.provider.schema.remaking import made_anew, told, without
from infra.provider.schema.renaming import after_renames, before_renames, renamed
from infra.provider.schema.steps import Plan, Step

SOFTENERS = (not_null.soften, indexes.soften, partitions.soften, constraints.soften, plain.declare, locks.declare)
"""What turns statements that keep others waiting into ones that do not; what is left says so."""


def plan(current: Catalog, desired: Catalog, schema: str = "public", situation: Situation | None = None) -> Plan:
    """Return the ordered steps that turn `current` into `desired`, phase by phase.

    Args:
        current: what is ours in the live schema, as `ownership.managed` returns it.
        desired: what the files describe, with its dependencies.
        schema: the managed schema's name, for the few statements that must say it.
        situation: live facts; without them no relation that exists is taken for a small one.

    Raises:
        CannotPlan: a difference that no statement makes up in place.
    """
    first = renamed(current, desired)
    facts = after_renames(situation or Situation(), first.done)
    anew = made_anew(first.catalog, desired)
    between = without(first.catalog, anew) if anew else desired
    graph, scene = _way(first.catalog, between, schema, facts, first.steps)
    if anew:
        graph.continue_with(_way(between, desired, schema, facts)[0])
        graph.steps = {number: told(step, anew) for number, step in graph.steps.items()}
    return Plan(current, desired, tuple(before_renames(in_phases(graph, scene), first.done)))


def _way(
    current: Catalog, desired: Catalog, schema: str, facts: Situation, renames: Sequence[Step] = ()
) -> tuple[Graph, Scene]:
    """Return the steps from one state to another after `renames`, as gentle as can be, and what they start from."""
    before = handed_over(current, desired)
    comparison = with_rebuilds(Comparison(before, desired, schema, live=current), UPHEAVALS)
    steps = [step for planner in PLANNERS for step in planner(comparison)]
    edges = precedence(steps, current, desired)
    wishes = {*mentions(steps)}
    order = ordered(steps, edges, wishes)
    ahead = len(renames)
    position = {number: place + ahead for place, number in enumerate(order)}
    graph = Graph(
        [*renames, *(steps[number] for number in order)],
        [
            *((position[a], position[b]) for a, b in {*edges, *wishes}),
            *((rename, later) for rename in range(ahead) for later in range(rename + 1, ahead + len(steps))),
        ],
    )
    scene = Scene(comparison, facts)
    for soften in SOFTENERS:
        soften(graph, scene)
    return graph, scene
