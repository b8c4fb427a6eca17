"""Tables that become partitions or stop being some: their parts of the parent's indexes change hands, and stay."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from infra.provider.schema.identifiers import local, quote
from infra.provider.schema.model import Catalog, Constraint, Index, Share, Table

T = TypeVar("T")


def handed_over(current: Catalog, desired: Catalog) -> Catalog:
    """Return `current` with the indexes of moving tables as the move leaves them.

    What a detached partition had as a part of an index of its parent it keeps as its own. What a table has that fits an
    index of the parent it is attached to becomes a part of that.

    Args:
        current: the live state.
        desired: what the files describe.
    """
    moving = [name for name in current.tables if moves(current, desired, name)]
    if not moving:
        return current
    tables = {name: _attached(by_itself(current, name), desired, name) for name in moving}
    return replace(current, tables={**current.tables, **tables})


def moves(current: Catalog, desired: Catalog, name: str) -> bool:
    """Say whether a table gets another parent, its first one, or loses the one it had."""
    if name not in desired.tables:
        return False
    before, after = (side.tables[name].partition for side in (current, desired))
    return (before and before.parent) != (after and after.parent)


def with_partitions(current: Catalog, tables: Collection[str]) -> set[str]:
    """Return `tables` with the partitions below them, at any depth."""
    found = {*tables}
    while more := {
        name
        for name, table in current.tables.items()
        if name not in found and table.partition and table.partition.parent in found
    }:
        found |= more
    return found


def passed_on(catalog: Catalog, table: Table) -> dict[str, Constraint]:
    """Return the checks and foreign keys that a partition has from its parents; DETACH leaves it with them."""
    found: dict[str, Constraint] = {}
    while table.partition and (parent := catalog.tables.get(table.partition.parent)):
        found |= {name: part for name, part in parent.constraints.items() if part.kind in ("check", "foreign")}
        table = parent
    return found


def by_itself(current: Catalog, name: str) -> Table:
    """Return a table as DETACH leaves it, if it is a partition."""
    table, shares = current.tables[name], current.shares.get(name, ())
    if table.partition is None:
        return table
    indexes = {share.name: Index(share.definition) for share in shares if share.kind is None}
    keys = {
        local(share.name): Constraint(share.kind, share.definition) for share in shares if share.kind and not share.own
    }
    inherited = {name: replace(part, comment=None) for name, part in passed_on(current, table).items()}
    return replace(
        table,
        indexes=_sorted({**table.indexes, **indexes}),
        constraints=_sorted({**inherited, **table.constraints, **keys}),
        part_names={},
    )


def _attached(table: Table, desired: Catalog, name: str) -> Table:
    """Return a table that becomes a partition without what its parent's indexes and constraints take over."""
    new = desired.tables[name]
    if new.partition is None:
        return table
    taken = taken_over(table, desired, name)
    checks = {part: constraint.definition for part, constraint in passed_on(desired, new).items()}
    return replace(
        table,
        indexes={part: index for part, index in table.indexes.items() if part not in taken},
        constraints={
            part: constraint
            for part, constraint in table.constraints.items()
            if part in new.constraints or (part not in taken and checks.get(part) != constraint.definition)
        },
    )


def taken_over(table: Table, desired: Catalog, name: str) -> dict[str, Share]:
    """Return which indexes and keys of a table become which parts of its new parent's, by the names they have.

    ATTACH looks at what an index is, not at its name.

    Args:
        table: as it is by itself.
        desired: names what it is to share.
        name: the table.
    """
    new = desired.tables[name]
    shapes = {part: _shape(part, index.definition) for part, index in table.indexes.items() if part not in new.indexes}
    keys = {part: key.definition for part, key in table.constraints.items() if part not in new.constraints}
    found: dict[str, Share] = {}
    for share in desired.shares.get(name, ()):
        here, wanted = (keys, share.definition) if share.kind else (shapes, _shape(share.name, share.definition))
        fitting = [part for part, shape in here.items() if shape == wanted and part not in found]
        if fitting and not share.own:
            own_name = local(share.name) if share.kind else share.name
            found[own_name if own_name in fitting else fitting[0]] = share
    return found


def _shape(name: str, definition: str) -> str:
    """Return an index's definition without its name."""
    return definition.replace(f"INDEX {quote(local(name))} ON ", "INDEX ON ", 1)


def _sorted(items: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(items.items()))
