"""A type that can not change in place while columns have it: renamed aside, made anew, and then dropped."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import beside, local, quote
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import Step

SUFFIX = "__replaced"


def aside(item: ObjectId) -> Step:
    """Return the step that makes the name of `item` free."""
    word = "DOMAIN" if item.kind == "domain" else "TYPE"
    return Step(item, "update", f"ALTER {word} {quote(item.name)} RENAME TO {quote(local(_aside(item)))}", side="old")


def drop(comparison: Comparison, item: ObjectId) -> Step:
    """Return the step that drops what was renamed aside, once every column has moved."""
    word = "DOMAIN" if item.kind == "domain" else "TYPE"
    return Step(item, "delete", f"DROP {word} {quote(_aside(item))}", after=comparison.retyped)


def _aside(item: ObjectId) -> str:
    return beside(item.name, local(item.name) + SUFFIX)


def replaced(comparison: Comparison, item: ObjectId, makes: Iterator[Step]) -> Iterator[Step]:
    """Yield the steps that replace a type; `makes` are those that make it anew."""
    yield aside(item)
    yield from makes
    yield drop(comparison, item)
