"""Comments on anything."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import beside, literal, local, quote
from infra.provider.schema.kinds.columns import sequence_of
from infra.provider.schema.kinds.domains import made_again
from infra.provider.schema.model import Column, Constraint, Domain, ObjectId
from infra.provider.schema.nodes import Node
from infra.provider.schema.steps import SHARE_UPDATE_EXCLUSIVE, Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield COMMENT ON."""
    for item, node in comparison.new_nodes.items():
        if item.kind == "extension":  # without a word of the files it has the one it comes with
            continue
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
    """Yield the comments on what is no object of its own here: a constraint's index, a column's NOT NULL, …."""
    before = None if born_anew else comparison.old_nodes[node.id].value
    home = node.inside.name if node.inside else ""
    name = node.id.name.removeprefix(f"{home}.")
    if isinstance(node.value, Constraint):
        old, new = before and before.index_comment, node.value.index_comment
        yield from _changed(node, f"INDEX {quote(beside(home, name))}", old, new)
    elif isinstance(node.value, Column):
        yield from _of_column(node, before, home, name)
    elif isinstance(node.value, Domain):
        for part, constraint in node.value.constraints.items():
            kept = before.constraints.get(part) if before else None
            old = kept.comment if kept and not made_again(kept, constraint) else None
            yield from _changed(
                node, f"CONSTRAINT {quote(part)} ON DOMAIN {quote(node.id.name)}", old, constraint.comment
            )


def _of_column(node: Node, before: Column | None, table: str, name: str) -> Iterator[Step]:
    new: Column = node.value
    if not new.nullable:
        old = before.not_null_comment if before and not before.nullable else None
        phrase = f"CONSTRAINT {quote(new.not_null or f'{local(table)}_{name}_not_null')} ON {quote(table)}"
        yield from _changed(node, phrase, old, new.not_null_comment)
    if new.identity:
        old = before.sequence_comment if before and before.identity else None
        phrase = f"SEQUENCE {quote(sequence_of(table, name, new.identity))}"
        yield from _changed(node, phrase, old, new.sequence_comment)


def _changed(node: Node, phrase: str, old: str | None, new: str | None) -> Iterator[Step]:
    if old != new:
        yield Step(node.id, "update", f"COMMENT ON {phrase} IS {'NULL' if new is None else literal(new)}", "none")
