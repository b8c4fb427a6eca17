"""From two catalogs to a plan. Pure: nothing here talks to a server."""

from infra.provider.schema.comparison import Comparison, with_rebuilds
from infra.provider.schema.kinds import PLANNERS, UPHEAVALS
from infra.provider.schema.model import Catalog
from infra.provider.schema.ordering import ordered
from infra.provider.schema.renaming import before_renames, renamed
from infra.provider.schema.spelling import written
from infra.provider.schema.steps import Plan


def plan(current: Catalog, desired: Catalog, schema: str = "public") -> Plan:
    """Return the ordered steps that turn `current` into `desired`.

    Args:
        current: what is ours in the live schema, as `ownership.managed` returns it.
        desired: what the files describe, with its dependencies.
        schema: the managed schema's name, for the few statements that must say it.

    Raises:
        CannotPlan: a difference that no statement makes up in place.
    """
    first = renamed(current, desired)
    comparison = with_rebuilds(Comparison(first.catalog, desired, schema), UPHEAVALS)
    steps = [step for planner in PLANNERS for step in planner(comparison)]
    rest = (written(step) for step in ordered(steps, first.catalog, desired))
    return Plan(current, desired, (*first.steps, *before_renames(rest, first.done)))
