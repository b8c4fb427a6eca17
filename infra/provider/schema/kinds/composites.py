"""Stand-alone composite types: attributes are added, dropped and retyped in place, as far as no table uses the type."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import Column, ObjectId
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE TYPE … AS, ALTER TYPE … ATTRIBUTE, DROP TYPE."""
    for name, old, new in pairs(comparison.old.composites, comparison.new.composites):
        item = ObjectId("composite", name)
        if new is None:
            yield Step(item, "delete", f"DROP TYPE {quote(name)}")
        elif old is None:
            attributes = ", ".join(_attribute(part, column) for part, column in new.columns.items())
            yield Step(item, "create", f"CREATE TYPE {quote(name)} AS ({attributes})")
    for name, before, after in both(comparison.old.composites, comparison.new.composites):
        yield from _alter(name, dict(before.columns), dict(after.columns))


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
