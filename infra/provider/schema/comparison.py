"""Two catalogs side by side, and which objects must be dropped and made again although both have them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.identifiers import home_in, quote
from infra.provider.schema.model import WHOLE, Catalog, ObjectId
from infra.provider.schema.nodes import Node, nodes

T = TypeVar("T")

REBUILDABLE = frozenset(
    {
        *("index", "constraint", "policy", "trigger", "view", "function", "publication"),
        *(kind for kind in WHOLE if kind not in ("range", "collation")),
    }
)
"""Kinds that hold no data: dropped and made again when what they lean on goes away for a moment."""

REPLACEABLE = frozenset({"enum", "domain", "composite"})
"""Kinds of type that a new one of the same name can take the place of, under the columns that have it."""

KEPT_BY_POSTGRESQL = frozenset({"index", "constraint", "statistics"})
"""Kinds that ALTER COLUMN TYPE carries along by itself."""


@dataclass(frozen=True)
class Comparison:
    """The current and the desired state.

    `rebuilt` holds what both have and must be made again, `retyped` the columns whose type is among it. `live` is the
    current state as it is now, where `old` has what moving partitions keep or hand over.
    """

    old: Catalog
    new: Catalog
    schema: str
    rebuilt: frozenset[ObjectId] = field(default=frozenset())
    retyped: frozenset[ObjectId] = field(default=frozenset())
    live: Catalog = field(default=Catalog())

    @cached_property
    def old_nodes(self) -> Mapping[ObjectId, Node]:
        """Every object of the current state."""
        return nodes(self.old)

    @cached_property
    def new_nodes(self) -> Mapping[ObjectId, Node]:
        """Every object of the desired state."""
        return nodes(self.new)

    @cached_property
    def dependents(self) -> Mapping[str, list[str]]:
        """What needs an object in the current state, directly."""
        found: dict[str, list[str]] = defaultdict(list)
        for dependent, referenced in self.old.dependencies:
            found[referenced].append(dependent)
        return found

    def created(self, item: ObjectId) -> bool:
        """Say whether `item`, which the desired state has, comes into being by this plan."""
        node = self.new_nodes[item]
        if item not in self.old_nodes or (item in self.rebuilt and not self._has_default_set(item)):
            return True
        return node.inside is not None and self.created(node.inside)

    def _has_default_set(self, item: ObjectId) -> bool:
        """Say whether what is made again of `item` is but a column's default."""
        sides = (self.old_nodes[item].value, self.new_nodes[item].value)
        return item.kind == "column" and all(column.generated is None for column in sides)

    def as_parent_again(self) -> Iterator[Node]:
        """Yield the columns that a partition had in its own way and has as its parent does now, as they were."""
        for item, node in self.old_nodes.items():
            home = node.inside.name if node.inside else ""
            if item.kind == "column" and item not in self.new_nodes and self.lives_on(home):
                column = item.name.removeprefix(f"{home}.")
                if column in self.parents_columns(home):
                    yield node

    def parents_columns(self, table: str) -> set[str]:
        """Return the columns that a partition has from its parents, in the desired state."""
        found: set[str] = set()
        while (part := self.new.tables[table].partition) and part.parent in self.new.tables:
            table = part.parent
            found |= self.new.tables[table].columns.keys()
        return found

    def lives_on(self, table: str) -> bool:
        """Say whether both states have `table`."""
        return table in self.old.tables and table in self.new.tables

    def goes_with_index(self, constraint: ObjectId) -> bool:
        """Say whether a partition's own key is part of an index of its parent that goes."""
        if self.old_nodes[constraint].value.kind == "foreign":
            return False
        needs = (need for need in self._old_needs.get(str(constraint), ()) if need.startswith("index "))
        return any(ObjectId.parse(need) not in self.new_nodes or ObjectId.parse(need) in self.rebuilt for need in needs)

    def leans_on_its_table(self, part: ObjectId, *, before: bool = False) -> bool:
        """Say whether a part of a table uses a function or view that needs the very table it is part of.

        Args:
            part: the column, constraint or policy.
            before: ask about the current state instead of the desired one.
        """
        side, needs = (self.old, self._old_needs) if before else (self.new, self._new_needs)
        table = home_in(part.name, side.others)
        called = (need for need in _reach(needs, str(part)) if need.startswith(("function ", "view ")))
        return any(
            need == f"table {table}" or need.startswith(f"column {table}.")
            for function in called
            for need in _reach(needs, function)
        )

    def leans_on_itself(self, column: ObjectId) -> bool:
        """Say whether a column's default calls a function that reads this very column, in the desired state."""
        called = (need for need in _reach(self._new_needs, str(column)) if need.startswith("function "))
        return any(str(column) in _reach(self._new_needs, function) for function in called)

    @cached_property
    def _new_needs(self) -> dict[str, list[str]]:
        return _needs(self.new)

    @cached_property
    def _old_needs(self) -> dict[str, list[str]]:
        return _needs(self.old)


def _needs(catalog: Catalog) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for dependent, referenced in catalog.dependencies:
        found[dependent].append(referenced)
    return found


def _reach(needs: Mapping[str, list[str]], start: str) -> set[str]:
    """Return everything `start` needs, at any distance."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in needs.get(waiting.pop(), []):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def pairs(old: Mapping[str, T], new: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Yield each name with its value on both sides: the desired side's order, then what only the current side has."""
    for name in [*new, *(name for name in old if name not in new)]:
        yield name, old.get(name), new.get(name)


def both(old: Mapping[str, T], new: Mapping[str, T]) -> Iterator[tuple[str, T, T]]:
    """Yield each name that both sides have."""
    for name, value in new.items():
        if name in old:
            yield name, old[name], value


@dataclass(frozen=True)
class Upheaval:
    """An object whose change forces its dependents to go first; `type_only` marks a column that keeps its place."""

    object: ObjectId
    type_only: bool = False


def with_rebuilds(comparison: Comparison, finders: Iterable[Callable[[Comparison], Iterator[Upheaval]]]) -> Comparison:
    """Return `comparison` with everything that must be dropped and made again.

    Args:
        comparison: the two states.
        finders: one function a kind, which names the objects that can not be altered into place.

    Raises:
        CannotPlan: a table would have to be made again for it.
    """
    upheavals = [upheaval for finder in finders for upheaval in finder(comparison)]
    gone = [Upheaval(item) for item in comparison.old_nodes if item not in comparison.new_nodes]
    rebuilt = {upheaval.object for upheaval in upheavals if not upheaval.type_only}
    waiting = [*upheavals, *gone]
    seen = {upheaval.object for upheaval in upheavals}
    retyped: set[ObjectId] = set()
    while waiting:
        cause = waiting.pop()
        for name in comparison.dependents.get(str(cause.object), []):
            known = comparison.old_nodes.get(ObjectId.parse(name))
            if known is None or known.id in seen or known.id not in comparison.new_nodes:
                continue
            item = known.id
            if cause.type_only and _kept(comparison, item, cause.object, retyped):
                continue
            if cause.object.kind in REPLACEABLE and cause.object in rebuilt and _is_of(comparison, item, cause.object):
                seen.add(item)
                retyped.add(item)
                waiting.append(Upheaval(item, type_only=True))
            elif item.kind in REBUILDABLE or _has_expression(comparison, item, cause.object):
                seen.add(item)
                rebuilt.add(item)
                if not (item.kind == "column" and comparison.old_nodes[item].value.generated is None):
                    waiting.append(Upheaval(item))
            elif cause.object in rebuilt and {item.kind, cause.object.kind} <= REPLACEABLE:
                seen.add(item)
                rebuilt.add(item)
                waiting.append(Upheaval(item))
            elif cause.object in comparison.new_nodes:
                raise CannotPlan(cause.object, f"it can not be changed in place while {item} uses it", _ADVICE)
    return replace(comparison, rebuilt=frozenset(rebuilt), retyped=frozenset(retyped))


def _kept(comparison: Comparison, item: ObjectId, column: ObjectId, retyped: set[ObjectId]) -> bool:
    """Say whether PostgreSQL carries `item` along when the type of `column` changes."""
    if item.kind not in KEPT_BY_POSTGRESQL:
        return False
    if item.kind != "constraint" or comparison.old_nodes[item].value.kind != "foreign":
        return True
    types = {side[column].value.type for side in (comparison.old_nodes, comparison.new_nodes)}
    # Keys of any two types that compare with each other may differ for a moment.
    return column not in retyped and types <= {"smallint", "integer", "bigint"}


def _is_of(comparison: Comparison, item: ObjectId, cause: ObjectId) -> bool:
    """Say whether `item` is a column of the type `cause`, or of an array of it, before and after."""
    if item.kind != "column":
        return False
    types = (side[item].value.type.rstrip("[]") for side in (comparison.old_nodes, comparison.new_nodes))
    return all(name == quote(cause.name) for name in types)


_ADVICE = "Make the new one under another name, move its users over in one update, and drop the old one in the next."


def _has_expression(comparison: Comparison, item: ObjectId, cause: ObjectId) -> bool:
    """Say whether `item` is a column that leans on `cause` by its default or generation expression only."""
    if item.kind != "column":
        return False
    column = comparison.old_nodes[item].value
    if cause.kind in REPLACEABLE and cause in comparison.new_nodes:
        return column.type.rstrip("[]") != quote(cause.name) and (column.default or column.generated) is not None
    return cause.kind in ("function", "sequence", "column") and (column.default or column.generated) is not None
