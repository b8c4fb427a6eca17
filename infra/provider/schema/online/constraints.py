"""Constraints of tables in use: added NOT VALID and validated later, or put on an index that was built concurrently."""

import re
from dataclasses import replace

from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import beside, quote
from infra.provider.schema.model import Constraint, ObjectId
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.indexes import after_leftover, built
from infra.provider.schema.online.situation import Scene, passing_name
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, Step

_NAMES = r'\((?![^()]* WITHOUT OVERLAPS\))(?:[^()"]|"(?:[^"]|"")*")*\)'
_ON_AN_INDEX = re.compile(
    rf"(?P<kind>PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)? (?P<columns>{_NAMES})"
    rf"(?P<include> INCLUDE {_NAMES})?(?P<options> WITH \([^()]*\))?(?P<timing>(?: DEFERRABLE| INITIALLY DEFERRED)*)\Z"
)
"""What pg_get_constraintdef prints of a constraint that can be put on an index."""


def soften(graph: Graph, scene: Scene) -> None:
    """Replace ADD CONSTRAINT on tables in use; let VALIDATE CONSTRAINT have a transaction of its own."""
    for number, step in [*graph.steps.items()]:
        home = scene.home(step.object) if step.object.kind == "constraint" else None
        if home is None or not scene.in_use(home):
            continue
        constraint = scene.comparison.new.tables[home.name].constraints.get(
            step.object.name.removeprefix(home.name + ".")
        )
        if constraint is None or not constraint.validated or constraint.definition.endswith("NOT ENFORCED"):
            continue
        if step.operation == "create":
            _add(graph, number, constraint, home.name, partitioned=scene.is_partitioned(home))
        elif step.operation == "update" and " VALIDATE CONSTRAINT " in step.sql:
            graph.steps[number] = replace(step, alone=True, hazards=while_others_work(step.hazards))
            graph.let_pass(number, number)


def _add(graph: Graph, number: int, constraint: Constraint, table: str, *, partitioned: bool) -> None:
    step = graph.steps[number]
    # PostgreSQL 15 to 17 know no NOT VALID foreign key of a partitioned table, and none puts a constraint of one on an
    # index: there the plain statement stays, and its hazard says so.
    if constraint.kind == "check" or (constraint.kind == "foreign" and not partitioned):
        add = replace(step, sql=f"{step.sql} NOT VALID", hazards=())
        name = quote(step.object.name.removeprefix(f"{table}."))
        check = validated(step.object, table, name, while_others_work(step.hazards))
        graph.substitute(number, [add, check], done_by=0)
    elif (parts := _ON_AN_INDEX.match(constraint.definition)) and not partitioned:
        _put_on_an_index(graph, number, table, parts)


def validated(item: ObjectId, table: str, constraint: str, hazards: tuple[Hazard, ...]) -> Step:
    """Return the step that checks the rows a NOT VALID constraint found, while others read and write them.

    Args:
        item: what the step is about.
        table: the table's bare name.
        constraint: the constraint's name as SQL writes it.
        hazards: of reading every row.
    """
    sql = f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {constraint}"
    return Step(item, "update", sql, SHARE_UPDATE_EXCLUSIVE, hazards, alone=True)


def while_others_work(hazards: tuple[Hazard, ...]) -> tuple[Hazard, ...]:
    """Return the hazards of a plain statement for one that does the same under a lock that blocks nobody."""
    return tuple(
        replace(hazard, name=HazardName.FULL_SCAN) if hazard.name is HazardName.LONG_LOCK else hazard
        for hazard in hazards
    )


def _put_on_an_index(graph: Graph, number: int, table: str, parts: re.Match[str]) -> None:
    step = graph.steps[number]
    index, columns = passing_name("new", step.object), parts["columns"]
    build = (
        f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {quote(table)} {columns}"
        f"{parts['include'] or ''}{parts['nulls'] or ''}{parts['options'] or ''}"
    )
    add = step.sql.removesuffix(parts[0]) + f"{parts['kind']} USING INDEX {index}{parts['timing']}"
    reads = Hazard(HazardName.FULL_SCAN, step.object.name, "builds its index", Probe(quote(table)))
    may_fail = tuple(hazard for hazard in step.hazards if hazard.name is HazardName.CONSTRAINT_MAY_FAIL)
    going = graph.find(step.object, "delete")
    chain = [
        built(step.object, build, beside(table, index), (*may_fail, reads)),
        replace(step, sql=add, lock=ACCESS_EXCLUSIVE, hazards=()),
    ]
    numbers = graph.substitute(number, chain)
    after_leftover(graph, beside(table, index), numbers[0])
    if (
        going is not None
        and going in graph.before[numbers[0]]
        and not graph.following(going) & (graph.preceding(numbers[0]) - {going})
    ):
        # The old constraint stands while the new index is built, and goes in the moment the new one comes.
        graph.disconnect(going, numbers[0])
        graph.connect(going, numbers[1])
