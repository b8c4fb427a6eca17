"""Schemas beside the main one: made before all that is in them, dropped once nothing of ours is left in them."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, pairs
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE and DROP SCHEMA, never with CASCADE: what others have in one keeps it."""
    for name, old, new in pairs(comparison.old.schemas, comparison.new.schemas):
        item = ObjectId("schema", name)
        if new is None:
            yield Step(item, "delete", f"DROP SCHEMA {quote(name)}")
        elif old is None:
            yield Step(item, "create", f"CREATE SCHEMA {quote(name)}")
