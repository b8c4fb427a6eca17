"""Enums: labels are added in place; PostgreSQL can not take one away."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, both, pairs
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE TYPE … AS ENUM, ALTER TYPE … ADD VALUE, DROP TYPE."""
    for name, old, new in pairs(comparison.old.enums, comparison.new.enums):
        item = ObjectId("enum", name)
        if new is None:
            yield Step(item, "delete", f"DROP TYPE {quote(name)}")
        elif old is None:
            labels = ", ".join(map(literal, new.labels))
            yield Step(item, "create", f"CREATE TYPE {quote(name)} AS ENUM ({labels})")
    for name, before, after in both(comparison.old.enums, comparison.new.enums):
        yield from _add_labels(name, before.labels, after.labels)


def _add_labels(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Step]:
    item = ObjectId("enum", name)
    if [label for label in new if label in old] != list(old):
        missing = ", ".join(label for label in old if label not in new)
        reason = f"PostgreSQL can not remove the label {missing}" if missing else "PostgreSQL can not reorder labels"
        raise CannotPlan(
            item, reason, "Keep the old labels in their order, or make a new enum and move the columns over."
        )
    for position, label in enumerate(new):
        if label in old:
            continue
        first = f" BEFORE {literal(old[0])}" if old else ""
        place = f" AFTER {literal(new[position - 1])}" if position else first
        yield Step(item, "update", f"ALTER TYPE {quote(name)} ADD VALUE {literal(label)}{place}")
