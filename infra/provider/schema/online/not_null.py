"""SET NOT NULL on columns of tables in use: by way of a CHECK that is validated while others work."""

from infra.provider.schema.hazards import HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId
from infra.provider.schema.online.constraints import validated, while_others_work
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.situation import Scene, passing_name
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step


def soften(graph: Graph, scene: Scene) -> None:
    """Replace SET NOT NULL where it would read every row under its lock."""
    for number, step in [*graph.steps.items()]:
        home = scene.home(step.object) if step.object.kind == "column" else None
        reads = any(hazard.name is HazardName.LONG_LOCK for hazard in step.hazards)
        if home is not None and reads and step.sql.endswith(" SET NOT NULL") and scene.in_use(home):
            _by_a_check(graph, scene, number, home.name)


def _by_a_check(graph: Graph, scene: Scene, number: int, table: str) -> None:
    step = graph.steps[number]
    name = passing_name("not_null", step.object)
    check = ObjectId("constraint", f"{table}.{name}")
    alter, column = f"ALTER TABLE {quote(table)}", quote(step.object.name.removeprefix(f"{table}."))
    add = Step(
        step.object,
        "update",
        f"{alter} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
        ACCESS_EXCLUSIVE,
    )
    read = validated(step.object, table, name, while_others_work(step.hazards))
    believe = Step(step.object, "update", step.sql, ACCESS_EXCLUSIVE)
    drop = Step(step.object, "update", f"{alter} DROP CONSTRAINT {name}", ACCESS_EXCLUSIVE)
    chain = [add, read, believe, drop]
    # A killed run may have left its check: it is put to use, and goes at the end as it would have then.
    left = scene.comparison.old.tables[table].constraints.get(name)
    leftover = graph.find(check, "delete")
    if left is not None and leftover is not None:
        chain = chain[2:] if left.validated else chain[1:]
        graph.remove(leftover)
    numbers = graph.substitute(number, chain)
    # Few things need the column to be NOT NULL: the rest of the plan does not wait until every row was read.
    graph.let_pass(numbers[0], numbers[-1])
    for other in graph.steps.keys() - graph.preceding(numbers[0]) - {*numbers}:
        if _needs_not_null(graph.steps[other], table):
            graph.connect(numbers[-1], other)


def _needs_not_null(step: Step, table: str) -> bool:
    """Say whether a step is refused, or reads every row, unless the column is NOT NULL by then."""
    alter = f"ALTER TABLE {quote(table)} "
    words = (" PRIMARY KEY ", " AS IDENTITY", " REPLICA IDENTITY USING INDEX ", " RENAME CONSTRAINT ")
    return step.sql.startswith(alter) and any(word in step.sql for word in words)
