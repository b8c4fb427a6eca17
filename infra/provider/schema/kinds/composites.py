"""Stand-alone composite types: attributes change in place, but for the type of one while columns have the composite."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.kinds.replacing import replaced
from infra.provider.schema.model import Column, Composite, ObjectId
from infra.provider.schema.steps import Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the types of which an attribute changes its type while columns have them."""
    for name, old, new in both(comparison.old.composites, comparison.new.composites):
        retyped = any(before.type != after.type for _, before, after in both(old.columns, new.columns))
        users = comparison.dependents.get(f"composite {name}", [])
        if retyped and any(user.startswith("column ") for user in users):
            yield Upheaval(ObjectId("composite", name))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE TYPE … AS, ALTER TYPE … ATTRIBUTE, DROP TYPE."""
    for name, old, new in pairs(comparison.old.composites, comparison.new.composites):
        item = ObjectId("composite", name)
        if new is None:
            yield Step(item, "delete", f"DROP TYPE {quote(name)}")
        elif old is None:
            yield _create(item, new)
        elif item in comparison.rebuilt:
            yield from replaced(comparison, item, iter([_create(item, new)]))
        else:
            yield from _alter(name, dict(old.columns), dict(new.columns))


def _create(item: ObjectId, composite: Composite) -> Step:
    attributes = ", ".join(_attribute(part, column) for part, column in composite.columns.items())
    covers = frozenset(ObjectId("attribute", f"{item.name}.{part}") for part in composite.columns)
    return Step(item, "create", f"CREATE TYPE {quote(item.name)} AS ({attributes})", covers=covers)


def _attribute(name: str, column: Column) -> str:
    collation = f" COLLATE {column.collation}" if column.collation else ""
    return f"{quote(name)} {column.type}{collation}"


def _alter(name: str, old: dict[str, Column], new: dict[str, Column]) -> Iterator[Step]:
    item, alter = ObjectId("composite", name), f"ALTER TYPE {quote(name)}"
    for part, before, after in pairs(old, new):
        if after is None:
            hazard = Hazard(HazardName.DATA_LOSS, f"{name}.{part}", "drops the attribute from stored values")
            yield Step(item, "update", f"{alter} DROP ATTRIBUTE {quote(part)}", hazards=(hazard,))
        elif before is None:
            yield Step(item, "update", f"{alter} ADD ATTRIBUTE {_attribute(part, after)}")
        elif (before.type, before.collation) != (after.type, after.collation):
            collation = f" COLLATE {after.collation}" if after.collation else ""
            yield Step(item, "update", f"{alter} ALTER ATTRIBUTE {quote(part)} TYPE {after.type}{collation}")
