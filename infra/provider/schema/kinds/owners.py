"""Who owns an object. New objects belong to whoever applies the plan."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId, Sequence
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ALTER … OWNER TO; a serial column's sequence follows its table."""
    for item, node in comparison.new_nodes.items():
        if item not in comparison.old_nodes or comparison.created(item) or _follows_table(node.value):
            continue
        old, new = (getattr(side[item].value, "owner", "") for side in (comparison.old_nodes, comparison.new_nodes))
        if old != new:
            lock = ACCESS_EXCLUSIVE if item.kind in ("table", "view") else NO_LOCK
            yield Step(ObjectId(*item), "update", f"ALTER {node.phrase} OWNER TO {quote(new)}", lock)


def _follows_table(value: object) -> bool:
    return isinstance(value, Sequence) and value.owned_by is not None
