"""What holds results of a function: PostgreSQL computes none of it again when the function is replaced."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.model import Function, ObjectId
from infra.provider.schema.nodes import Node

_RESULTS = ("body", "sql_body", "language", "strict", "settings")
"""What of a function decides what it returns."""


def results_kept(comparison: Comparison, item: ObjectId, old: Function, new: Function) -> Iterator[Hazard]:
    """Yield the hazard of a function whose new body may return something else than what is stored.

    An index on such an expression then answers wrongly, and a constraint holds for rows that it would refuse. Callers
    that are written as text are not known to call it: PostgreSQL records none.
    """
    if all(getattr(old, part) == getattr(new, part) for part in _RESULTS):
        return
    if holders := sorted(map(str, _holders(comparison, item, {item}))):
        yield Hazard(HazardName.RESULTS_KEPT, item.name, ", ".join(holders))


def _holders(comparison: Comparison, item: ObjectId, seen: set[ObjectId]) -> Iterator[ObjectId]:
    for name in comparison.dependents.get(str(item), []):
        node = comparison.old_nodes.get(ObjectId.parse(name))
        if node is None or node.id in seen or not _stays(comparison, node.id):
            continue
        seen.add(node.id)
        if node.id.kind == "function":
            yield from _holders(comparison, node.id, seen)
        elif _stores(node):
            yield node.id


def _stores(node: Node) -> bool:
    """Say whether an object holds, or has been checked by, what an expression of its own returned."""
    match node.id.kind:
        case "index" | "domain":
            return True
        case "constraint":
            return bool(node.value.kind == "check")
        case "column":
            return node.value.generated is not None and not node.value.virtual
    return False


def _stays(comparison: Comparison, item: ObjectId) -> bool:
    """Say whether both states have an object alike, so that nothing makes it anew."""
    after = comparison.new_nodes.get(item)
    return (
        after is not None
        and item not in comparison.rebuilt
        and (item.kind == "function" or after.value == comparison.old_nodes[item].value)
    )
