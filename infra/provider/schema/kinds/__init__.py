"""One module per kind of object: what it takes to make the current state's objects of that kind the desired ones.

Each offers `plan(comparison)`, which yields the steps in an order that is right among themselves, and, where some
changes need a new object, `upheavals(comparison)`. To remove a kind, delete its file and its line here.
"""

from infra.provider.schema.kinds import (
    columns,
    comments,
    composites,
    constraints,
    defaults,
    domains,
    enums,
    extensions,
    functions,
    grants,
    indexes,
    owners,
    policies,
    publications,
    schemas,
    sequences,
    tables,
    triggers,
    views,
    wholes,
)

KINDS = (
    schemas,
    extensions,
    defaults,
    enums,
    domains,
    composites,
    sequences,
    tables,
    columns,
    constraints,
    indexes,
    functions,
    views,
    triggers,
    policies,
    wholes,
    publications,
    owners,
    grants,
    comments,
)
PLANNERS = tuple(kind.plan for kind in KINDS)
UPHEAVALS = tuple(kind.upheavals for kind in KINDS if hasattr(kind, "upheavals"))
