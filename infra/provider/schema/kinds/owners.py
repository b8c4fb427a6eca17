"""Who owns an object. A new one belongs to whoever applies the plan, unless the files say otherwise."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId, Sequence
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ALTER … OWNER TO; a serial column's sequence follows its table."""
    for item, node in comparison.new_nodes.items():
        new = getattr(node.value, "owner", "")
        if not new or _follows_table(node.value):
            continue
        # What is made belongs to its maker, who read the desired state as well.
        made = item not in comparison.old_nodes or comparison.created(item)
        old = comparison.new.reader or new if made else comparison.old_nodes[item].value.owner
        if old != new:
            lock = ACCESS_EXCLUSIVE if item.kind in ("table", "view") else NO_LOCK
            yield Step(ObjectId(*item), "update", f"ALTER {node.phrase} OWNER TO {quote(new)}", lock)


def _follows_table(value: object) -> bool:
    return isinstance(value, Sequence) and value.owned_by is not None
