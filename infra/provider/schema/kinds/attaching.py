"""Partitions that were made by themselves and attached: only so do they keep names, and keys, of their own.

PARTITION OF gives a new partition its parent's names of NOT NULL (PostgreSQL 18), and indexes that PostgreSQL names
beside those it has; ATTACH takes what is there already for its parts of its parent's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from infra.provider.schema.comparison import Comparison, both
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.identifiers import literal, local, quote
from infra.provider.schema.kinds.columns import definition, finishing_touches, with_inherited
from infra.provider.schema.kinds.storage_parameters import settings
from infra.provider.schema.model import Catalog, Column, Constraint, ObjectId, Share, Table, plain
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE, SHARE_UPDATE_EXCLUSIVE, Step


def create(comparison: Comparison, name: str, inline: Iterable[str], covers: frozenset[ObjectId]) -> Iterator[Step]:
    """Yield the steps that make a partition apart, with its parts of its parent's indexes, and attach it.

    Args:
        comparison: the two states.
        name: the partition.
        inline: its own constraints that CREATE TABLE may carry.
        covers: what its first step makes.
    """
    catalog, item = comparison.new, ObjectId("table", name)
    table = catalog.tables[name]
    if table.partition is None:
        return
    columns = _columns(catalog, name)
    lines = [definition(part, column) for part, column in columns.items()]
    constraints = {part: constraint.definition for part, constraint in _checks(catalog, table)}
    constraints |= {part: table.constraints[part].definition for part in inline}
    lines += [f"CONSTRAINT {quote(part)} {text}" for part, text in constraints.items()]
    kind = "UNLOGGED TABLE" if table.unlogged else "TABLE"
    key = f" PARTITION BY {table.partition_key}" if table.partition_key else ""
    options = f" WITH ({settings(table.options)})" if table.options else ""
    sql = f"CREATE {kind} {quote(name)} (\n    " + ",\n    ".join(lines) + f"\n){key}{options}"
    yield Step(item, "create", sql, covers=covers)
    for part, column in columns.items():
        yield from finishing_touches(name, part, column)
    for share in catalog.shares.get(name, ()):
        if not share.own:
            yield _part(item, name, share)
    attach = f"ALTER TABLE {quote(table.partition.parent)} ATTACH PARTITION {quote(name)} {table.partition.bound}"
    yield Step(item, "update", attach, SHARE_UPDATE_EXCLUSIVE, after=enums_in_bound(catalog, table))


def enums_in_bound(catalog: Catalog, table: Table) -> frozenset[ObjectId]:
    """Return the enums whose labels the bound of a partition names: PostgreSQL records no dependency on them."""
    if table.partition is None:
        return frozenset()
    kinds = {column.type for column in with_inherited(catalog, table.partition.parent).values()}
    kinds |= {domain.base for name, domain in catalog.domains.items() if quote(name) in kinds}
    bound = table.partition.bound
    return frozenset(
        ObjectId("enum", name)
        for name, enum in catalog.enums.items()
        if quote(name) in kinds and any(literal(label) in bound for label in enum.labels)
    )


def parts_first(comparison: Comparison, item: ObjectId, index: str) -> Iterator[Step]:
    """Yield what makes partitions' parts of a new index under the names somebody chose: the index then takes them.

    Args:
        comparison: the two states.
        item: the index, or the constraint it is for.
        index: its name.

    Raises:
        CannotPlan: one of them is there already, as an index that was not attached.
    """
    for name, before, table in both(comparison.old.tables, comparison.new.tables):
        if index in table.part_names:
            if (part := table.part_names[index]) in before.indexes:
                reason = f"{part} of the partition {name} is to become part of it"
                attach = f"ALTER INDEX {quote(index)} ATTACH PARTITION {quote(part)}"
                raise CannotPlan(item, reason, f"By hand, make it with CREATE INDEX … ON ONLY, then {attach}.")
            shares = comparison.new.shares[name]
            yield from (_part(item, name, one) for one in shares if one.parent == index)


def rename_parts(comparison: Comparison, name: str) -> Iterator[Step]:
    """Yield the renames of a partition's parts of its parent's indexes, where somebody chose one of the two names."""
    chosen = [side.tables[name].part_names for side in (comparison.old, comparison.new)]
    before = {share.parent: share.name for share in comparison.old.shares.get(name, ())}
    for share in comparison.new.shares.get(name, ()):
        old = before.get(share.parent)
        if old and old != share.name and any(share.parent in names for names in chosen):
            sql = f"ALTER INDEX {quote(old)} RENAME TO {quote(local(share.name))}"
            yield Step(ObjectId("table", name), "update", sql, SHARE_UPDATE_EXCLUSIVE)


def _columns(catalog: Catalog, name: str) -> dict[str, Column]:
    """Return all columns of a partition as it has them by itself, with the names of its NOT NULLs."""
    table = catalog.tables[name]
    if table.partition is None or table.partition.parent not in catalog.tables:
        return dict(table.columns)
    inherited = {part: plain(column) for part, column in _columns(catalog, table.partition.parent).items()}
    found = {part: column for part, column in {**inherited, **table.columns}.items() if column}
    names = catalog.inherited_not_null
    return {
        part: replace(column, not_null=names.get(f"{name}.{part}", column.not_null)) for part, column in found.items()
    }


def _checks(catalog: Catalog, table: Table) -> Iterator[tuple[str, Constraint]]:
    """Yield the checks of all a partition's parents: without them it is not let in."""
    while table.partition and (parent := catalog.tables.get(table.partition.parent)):
        for name, constraint in parent.constraints.items():
            if constraint.kind == "check":
                yield name, constraint
        table = parent


def _part(item: ObjectId, table: str, share: Share) -> Step:
    """Return the step that makes a partition's part of an index by itself."""
    if share.kind is None:
        return Step(item, "update", share.definition, SHARE)
    sql = f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(local(share.name))} {share.definition}"
    return Step(item, "update", sql, ACCESS_EXCLUSIVE)
