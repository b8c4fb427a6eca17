"""Comments on anything."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import Column, Constraint, ObjectId
from infra.provider.schema.nodes import Node
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
        yield from _of_parts(comparison, node, born_anew=born_anew)
    for node in comparison.as_parent_again():
        if node.value.comment is not None:
            yield Step(node.id, "update", f"COMMENT ON {node.phrase} IS NULL", SHARE_UPDATE_EXCLUSIVE)
    if comparison.old.comment != comparison.new.comment:
        text = "NULL" if comparison.new.comment is None else literal(comparison.new.comment)
        item = ObjectId("schema", comparison.schema)
        yield Step(item, "update", f"COMMENT ON SCHEMA {quote(comparison.schema)} IS {text}")


def _of_parts(comparison: Comparison, node: Node, *, born_anew: bool) -> Iterator[Step]:
    """Yield the comments on what is no object of its own here: a constraint's index, a column's NOT NULL."""
    before = None if born_anew else comparison.old_nodes[node.id].value
    home = node.inside.name if node.inside else ""
    name = node.id.name.removeprefix(f"{home}.")
    if isinstance(node.value, Constraint):
        old, new = before and before.index_comment, node.value.index_comment
        phrase = f"INDEX {quote(name)}"
    elif isinstance(node.value, Column):
        kept = before and not before.nullable and not node.value.nullable
        old, new = before.not_null_comment if before and kept else None, node.value.not_null_comment
        phrase = f"CONSTRAINT {quote(node.value.not_null or f'{home}_{name}_not_null')} ON {quote(home)}"
    else:
        return
    if old != new:
        yield Step(node.id, "update", f"COMMENT ON {phrase} IS {'NULL' if new is None else literal(new)}", "none")
