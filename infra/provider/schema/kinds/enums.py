"""Enums: labels are added in place; taking one away, or another order, takes a new enum in the place of the old."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.kinds.replacing import replaced
from infra.provider.schema.model import EnumType, ObjectId
from infra.provider.schema.steps import Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the enums that lose a label or change their order."""
    for name, old, new in both(comparison.old.enums, comparison.new.enums):
        if [label for label in new.labels if label in old.labels] != list(old.labels):
            yield Upheaval(ObjectId("enum", name))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE TYPE … AS ENUM, ALTER TYPE … ADD VALUE, DROP TYPE."""
    for name, old, new in pairs(comparison.old.enums, comparison.new.enums):
        item = ObjectId("enum", name)
        if new is None:
            yield Step(item, "delete", f"DROP TYPE {quote(name)}")
        elif old is None:
            yield from _create(item, new)
        elif item in comparison.rebuilt:
            yield from replaced(comparison, item, _create(item, new))
        else:
            yield from _add_labels(name, old.labels, new.labels)


def _create(item: ObjectId, enum: EnumType) -> Iterator[Step]:
    labels = ", ".join(map(literal, enum.labels))
    yield Step(item, "create", f"CREATE TYPE {quote(item.name)} AS ENUM ({labels})")


def _add_labels(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Step]:
    item = ObjectId("enum", name)
    for position, label in enumerate(new):
        if label in old:
            continue
        first = f" BEFORE {literal(old[0])}" if old else ""
        place = f" AFTER {literal(new[position - 1])}" if position else first
        yield Step(item, "update", f"ALTER TYPE {quote(name)} ADD VALUE {literal(label)}{place}")
