"""Comments on anything."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import Column, ObjectId
from infra.provider.schema.steps import SHARE_UPDATE_EXCLUSIVE, Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield COMMENT ON."""
    for item, node in comparison.new_nodes.items():
        born_anew = item not in comparison.old_nodes or comparison.created(item)
        before = None if born_anew else comparison.old_nodes[item].value.comment
        after = node.value.comment
        if before != after:
            text = "NULL" if after is None else literal(after)
            lock = (
                SHARE_UPDATE_EXCLUSIVE if item.kind in ("table", "view") or isinstance(node.value, Column) else "none"
            )
            yield Step(item, "update", f"COMMENT ON {node.phrase} IS {text}", lock)
    if comparison.old.comment != comparison.new.comment:
        text = "NULL" if comparison.new.comment is None else literal(comparison.new.comment)
        item = ObjectId("schema", comparison.schema)
        yield Step(item, "update", f"COMMENT ON SCHEMA {quote(comparison.schema)} IS {text}")
