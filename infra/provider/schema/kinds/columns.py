"""Columns of tables that both states have, and how a column is written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Literal

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import bare, beside, literal, local, quote
from infra.provider.schema.index_names import made_apart
from infra.provider.schema.kinds.not_null_names import NotNullNames
from infra.provider.schema.kinds.resuming import resume_default, resume_identity
from infra.provider.schema.kinds.retyping import column_step, moved, require_no_key, retype
from infra.provider.schema.kinds.sequences import changes, clauses, fitted, narrower, start
from infra.provider.schema.model import Catalog, Column, Identity, ObjectId, plain
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, Step

Columns = Mapping[str, Column]

_EVALUATED_ONCE = re.compile(
    r"(now|transaction_timestamp|statement_timestamp|current_database|current_schema|current_setting)\(|CURRENT_"
)
"""Defaults that are the same for every row of one ALTER TABLE, so that it needs no rewrite."""


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the columns whose type changes, and those that must be dropped and added again."""
    for name, old, new in both(comparison.old.tables, comparison.new.tables):
        if new.partition:
            continue
        for part, before, after in both(old.columns, new.columns):
            item = ObjectId("column", f"{name}.{part}")
            if _must_be_new(before, after):
                yield Upheaval(item)
            elif (before.type, before.collation) != (after.type, after.collation):
                yield Upheaval(item, type_only=True)


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ADD, DROP and ALTER COLUMN."""
    for name, _, _ in both(comparison.old.tables, comparison.new.tables):
        before, after = _compared_columns(comparison, name)
        names = NotNullNames(name, before, after)
        for part, old_column, new_column in pairs(before, after):
            item = ObjectId("column", f"{name}.{part}")
            if new_column is None:
                if old_column and old_column.default and comparison.leans_on_its_table(item, before=True):
                    yield drop_default(name, part)
                yield names.dropped(part, _drop(name, part, heirs=_heirs(before, after, part)))
            elif old_column is None:
                yield from _add(names, part, new_column, late=comparison.leans_on_itself(item))
            elif (item in comparison.rebuilt and old_column.generated is not None) or _must_be_new(
                old_column, new_column
            ):
                yield names.dropped(part, _drop(name, part, derived=old_column.generated is not None))
                yield from _add(names, part, new_column)
            else:
                reset = item in comparison.rebuilt
                yield from _alter(comparison, names, part, old_column, new_column, reset_default=reset)
    for name, table in comparison.new.tables.items():
        if name not in comparison.old.tables and table.partition and not made_apart(comparison.new, name):
            yield from _new_partition(comparison, name)


def _compared_columns(comparison: Comparison, name: str) -> tuple[Columns, Columns]:
    """Return the columns to compare; for a partition, only those it has in its own way on either side."""
    old, new = comparison.old.tables[name], comparison.new.tables[name]
    if new.partition is None:
        if old.partition is None:
            return old.columns, new.columns
        return detached_columns(comparison.old, name), new.columns
    own = [*new.columns, *(part for part in old.columns if part not in new.columns)]
    if old.partition is None:
        # Its NOT NULLs become its parent's.
        return {part: replace(old.columns[part], not_null=None) for part in own if part in old.columns}, {
            part: column for part, column in with_inherited(comparison.new, name).items() if part in own
        }
    before, after = with_inherited(comparison.old, name), with_inherited(comparison.new, name)
    parent_before = with_inherited(comparison.old, old.partition.parent)
    parent_after = with_inherited(comparison.new, new.partition.parent)
    for part in own:
        if inherited := plain(parent_after.get(part)):
            before[part] = _passed_on(plain(parent_before.get(part)), inherited, before.get(part))
    common = [part for part in own if part in before and part in after]
    return {part: before[part] for part in common}, {part: after[part] for part in common}


def _passed_on(parent_before: Column | None, parent_after: Column, own: Column | None) -> Column:
    """Return a partition's column as its parent's own change leaves it: what did not change there stays its own."""
    if parent_before is None or own is None:
        return parent_after
    changed = {
        field.name: value
        for field in fields(Column)
        if (value := getattr(parent_after, field.name)) != getattr(parent_before, field.name)
    }
    return replace(own, **changed)


def detached_columns(catalog: Catalog, name: str) -> Columns:
    """Return the columns of a partition as DETACH leaves them: its NOT NULLs keep the names of its parent's."""
    names = catalog.inherited_not_null
    columns = with_inherited(catalog, name)
    return {part: replace(column, not_null=names.get(f"{name}.{part}")) for part, column in columns.items()}


def with_inherited(catalog: Catalog, name: str) -> dict[str, Column]:
    """Return all columns of a table; a partition's parent may be a partition itself."""
    table = catalog.tables[name]
    parent = table.partition.parent if table.partition else ""
    inherited = with_inherited(catalog, parent) if parent in catalog.tables else {}
    as_born = {part: plain(column) for part, column in inherited.items()}
    return {part: column for part, column in {**as_born, **table.columns}.items() if column}


def _new_partition(comparison: Comparison, name: str) -> Iterator[Step]:
    catalog = comparison.new
    table = catalog.tables[name]
    if table.partition is None or table.partition.parent not in catalog.tables:
        return
    parent = with_inherited(catalog, table.partition.parent)
    inherited = {part: column for part in table.columns if (column := plain(parent.get(part)))}
    names = NotNullNames(name, inherited, table.columns)
    for part, column in inherited.items():
        yield from _alter(comparison, names, part, column, table.columns[part], fresh=True)


def definition(name: str, column: Column, *, late: bool = False) -> str:
    """Return a column as CREATE TABLE and ADD COLUMN write it; `late` leaves its default for afterwards."""
    words = [quote(name), column.type]
    if column.compression:
        words.append(f"COMPRESSION {column.compression}")
    if column.collation:
        words.append(f"COLLATE {column.collation}")
    if column.default is not None and not late:
        words.append(f"DEFAULT {column.default}")
    if column.generated is not None:
        words.append(f"GENERATED ALWAYS AS ({bare(column.generated)}) {'VIRTUAL' if column.virtual else 'STORED'}")
    if column.identity:
        words.append(_identity(column.identity))
    if not column.nullable:
        words.append(f"CONSTRAINT {quote(column.not_null)} NOT NULL" if column.not_null else "NOT NULL")
    return " ".join(words)


def _identity(identity: Identity) -> str:
    # AS would be refused here: an identity's sequence has its column's type.
    name = f"SEQUENCE NAME {quote(identity.name)}" if identity.name else ""
    options = (name + clauses(replace(identity.sequence, type="bigint"))).strip()
    return f"GENERATED {identity.generation} AS IDENTITY{f' ({options})' if options else ''}"


def finishing_touches(table: str, name: str, column: Column, *, late: bool = False) -> Iterator[Step]:
    """Yield what the definition of a new column has no clause for."""
    if late and column.default is not None:
        yield replace(column_step(table, name, f"SET DEFAULT {column.default}"), side="new")
    yield from storage_changes(table, name, Column(column.type), column, fresh=True)


def drop_default(table: str, name: str) -> Step:
    """Return the step by which a column lets go of what its default calls."""
    return replace(column_step(table, name, "DROP DEFAULT"), side="old")


def _heirs(before: Columns, after: Columns, name: str) -> list[str]:
    """Return the new columns of the type of one that goes: it may have been meant to be one of them."""
    return [part for part, column in after.items() if part not in before and column.type == before[name].type]


def _drop(table: str, name: str, *, derived: bool = False, heirs: Sequence[str] = ()) -> Step:
    what = "drops the column"
    if heirs:
        what += f"; if it is {' or '.join(heirs)} now, write -- renamed-from: {name} on the line above that"
    loss = Hazard(
        HazardName.DATA_LOSS,
        f"{table}.{name}",
        what,
        Probe(quote(table), f"{quote(name)} IS NOT NULL", name, "values"),
    )
    return Step(
        ObjectId("column", f"{table}.{name}"),
        "delete",
        f"ALTER TABLE {quote(table)} DROP COLUMN {quote(name)}",
        ACCESS_EXCLUSIVE,
        () if derived else (loss,),
    )


def _add(names: NotNullNames, name: str, column: Column, *, late: bool = False) -> Iterator[Step]:
    # `late`: the default's function reads the column, so it can only come after it; rows that exist keep NULL.
    table = names.table
    subject, rows = f"{table}.{name}", Probe(quote(table))
    hazards = []
    computed = column.generated is not None and not column.virtual
    if computed or column.identity or (_differs_by_row(column.default) and not late):
        hazards.append(Hazard(HazardName.TABLE_REWRITE, subject, "a value of its own for every row", rows))
    filled = (column.default is not None and not late) or column.generated is not None or column.identity is not None
    if not column.nullable and not filled:
        hazards.append(Hazard(HazardName.CONSTRAINT_MAY_FAIL, subject, "NOT NULL without a default", rows))
    sql = f"ALTER TABLE {quote(table)} ADD COLUMN {definition(name, column, late=late)}"
    yield names.added(name, Step(ObjectId("column", subject), "create", sql, ACCESS_EXCLUSIVE, tuple(hazards)))
    yield from finishing_touches(table, name, column, late=late)


def _differs_by_row(default: str | None) -> bool:
    return default is not None and "(" in default and not _EVALUATED_ONCE.match(default)


def _must_be_new(old: Column, new: Column) -> bool:
    """Say whether a generated column changes in a way that PostgreSQL 15 can not do in place."""
    if (old.generated, old.virtual) == (new.generated, new.virtual):
        return old.generated is not None and (old.type, old.collation) != (new.type, new.collation)
    dropped_expression = old.generated is not None and new.generated is None and not old.virtual
    return not dropped_expression


def _alter(
    comparison: Comparison,
    names: NotNullNames,
    name: str,
    old: Column,
    new: Column,
    *,
    fresh: bool = False,
    reset_default: bool = False,
) -> Iterator[Step]:
    table = names.table
    if old.generated is not None and new.generated is None:
        yield column_step(table, name, "DROP EXPRESSION")
    replaced = ObjectId("column", f"{table}.{name}") in comparison.retyped
    retyped = replaced or (old.type, old.collation) != (new.type, new.collation)
    default = old.default
    if default is not None and (new.default is None or retyped or reset_default):
        yield drop_default(table, name)
        default = None
    if old.identity and not new.identity:
        yield replace(column_step(table, name, "DROP IDENTITY"), side="old")
    identity = old.identity
    if retyped:
        require_no_key(comparison, table, name)
        if identity and new.identity and narrower(identity.sequence, new.identity.sequence):
            fitting = replace(identity, sequence=fitted(identity.sequence, new.identity.sequence))
            yield from _identity_change(comparison, table, name, identity, fitting)
            steady = {name: getattr(identity.sequence, name) for name in ("increment", "cache", "cycle")}
            identity = replace(identity, sequence=replace(new.identity.sequence, **steady))
        yield moved(comparison, table, name, new) if replaced else retype(comparison, table, name, old, new)
    if new.default is not None and new.default != default:
        side: Literal["new", "both"] = "new" if default is None else "both"
        yield replace(column_step(table, name, f"SET DEFAULT {new.default}"), side=side)
        yield from resume_default(comparison, table, name, new)
    if old.nullable != new.nullable:
        nullable = _nullable(table, name, new, fresh=fresh)
        yield names.dropped(name, nullable) if new.nullable else names.added(name, nullable)
    yield from names.renamed(name)
    if new.identity and identity != new.identity:
        yield from _identity_change(comparison, table, name, identity, new.identity)
    yield from storage_changes(table, name, old, new)


def _nullable(table: str, name: str, new: Column, *, fresh: bool) -> Step:
    if new.nullable:
        return column_step(table, name, "DROP NOT NULL")
    subject = f"{table}.{name}"
    nulls = Probe(quote(table), f"{quote(name)} IS NULL", unit="rows with a null")
    hazards = (
        Hazard(HazardName.CONSTRAINT_MAY_FAIL, subject, "SET NOT NULL", nulls),
        Hazard(HazardName.LONG_LOCK, subject, "SET NOT NULL reads every row", Probe(quote(table))),
    )
    return column_step(table, name, "SET NOT NULL", hazards=() if fresh else hazards)


def sequence_of(table: str, name: str, identity: Identity) -> str:
    """Return the name of an identity column's sequence."""
    return beside(table, identity.name or f"{local(table)}_{name}_seq")


def _identity_change(
    comparison: Comparison, table: str, name: str, old: Identity | None, new: Identity
) -> Iterator[Step]:
    if old is None:
        yield replace(column_step(table, name, f"ADD {_identity(new)}"), side="new")
        yield resume_identity(comparison, table, name, new.sequence)
        return
    if old.generation != new.generation:
        yield replace(column_step(table, name, f"SET GENERATED {new.generation}"), side="new")
    if old.name != new.name:
        before, after = sequence_of(table, name, old), sequence_of(table, name, new)
        sql = f"ALTER SEQUENCE {quote(before)} RENAME TO {quote(local(after))}"
        yield replace(column_step(table, name, ""), sql=sql, side="new")
    steady = replace(old.sequence, type=new.sequence.type)  # it has followed its column's type
    if steady == new.sequence:
        return
    step = column_step(table, name, "")
    sequence = f"pg_get_serial_sequence({literal(quote(table))}, {literal(name)})"
    values = f"pg_sequence_last_value({sequence}::regclass)"
    relation = f"(SELECT COALESCE({values}, {start(steady)}) AS last_value, {values} IS NOT NULL AS is_called) s"
    for sql in changes(step.sql.rstrip(), "SET", sequence, relation, steady, new.sequence):
        yield replace(step, sql=sql, side="new")


def storage_changes(table: str, name: str, old: Column, new: Column, *, fresh: bool = False) -> Iterator[Step]:
    """Yield how values are stored and sampled."""
    if old.storage != new.storage:
        yield column_step(table, name, f"SET STORAGE {new.storage or 'DEFAULT'}")
    if old.compression != new.compression and not fresh:
        yield column_step(table, name, f"SET COMPRESSION {new.compression or 'default'}")
    if old.statistics != new.statistics:
        target = -1 if new.statistics is None else new.statistics
        yield column_step(table, name, f"SET STATISTICS {target}", SHARE_UPDATE_EXCLUSIVE)
    changed = {key: value for key, value in new.options.items() if old.options.get(key) != value}
    removed = [key for key in old.options if key not in new.options]
    if changed:
        settings = ", ".join(f"{key} = {literal(value)}" for key, value in changed.items())
        yield column_step(table, name, f"SET ({settings})", SHARE_UPDATE_EXCLUSIVE)
    if removed:
        yield column_step(table, name, f"RESET ({', '.join(removed)})", SHARE_UPDATE_EXCLUSIVE)
