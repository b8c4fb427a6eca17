"""A column of another type: by a cast, by the labels of an enum, or by way of text to a type that was made anew."""

import re
from collections.abc import Iterator
from dataclasses import replace

from infra.provider.schema.casts import fails_rather, same_bytes, widens
from infra.provider.schema.comparison import Comparison
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import Catalog, Column, Domain, ObjectId
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step


def column_step(
    table: str, name: str, action: str, lock: str = ACCESS_EXCLUSIVE, hazards: tuple[Hazard, ...] = ()
) -> Step:
    """Return the step that does `action` to a column."""
    item = ObjectId("column", f"{table}.{name}")
    return Step(item, "update", f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(name)} {action}", lock, hazards)


def moved(comparison: Comparison, table: str, name: str, column: Column) -> Step:
    """Return the step by which a column takes the type that was made anew, by way of text."""
    text = _text(column.type)
    subject, rows = f"{table}.{name}", Probe(quote(table))
    hazards = [Hazard(HazardName.TABLE_REWRITE, subject, f"{column.type} is made anew", rows)]
    enum = column.type.rstrip("[]")
    gone = _labels(comparison.old, enum) - _labels(comparison.new, enum)
    if gone:
        listed = ", ".join(map(literal, sorted(gone)))
        condition = f"{quote(name)}::text IN ({listed})"
        if text == "text[]":
            condition = f"{quote(name)}::text[] && ARRAY[{listed}]"
        lost = Probe(quote(table), condition, unit="rows with a label that goes")
        hazards.append(Hazard(HazardName.CONSTRAINT_MAY_FAIL, subject, f"{enum} loses {listed}", lost))
    elif not _labels(comparison.old, enum):
        filled = Probe(quote(table), f"{quote(name)} IS NOT NULL", name, "values")
        hazards.append(Hazard(HazardName.CONSTRAINT_MAY_FAIL, subject, "every value is read anew", filled))
    action = f"TYPE {column.type} USING {quote(name)}::{text}::{column.type}"
    return column_step(table, name, action, hazards=tuple(hazards))


def _text(kind: str) -> str:
    return "text[]" if kind.endswith("[]") else "text"


def _labels(catalog: Catalog, kind: str) -> set[str]:
    name = kind.rstrip("[]")
    return {label for enum, value in catalog.enums.items() if quote(enum) == name for label in value.labels}


def require_no_key(comparison: Comparison, table: str, name: str) -> None:
    """Refuse to retype a column by which its table, or a partition of it, is partitioned."""
    for member in (table, *sorted(_partitions(comparison.old, table))):
        key = comparison.old.tables[member].partition_key or ""
        if quote(name) in re.findall(r'"(?:[^"]|"")+"|[\w$]+', key):
            raise CannotPlan(
                ObjectId("column", f"{table}.{name}"),
                f"its type can not change: {member} is partitioned by it",
                "Make a new table beside it and copy the rows.",
            )


def retype(comparison: Comparison, table: str, name: str, old: Column, new: Column) -> Step:
    """Return the step by which a column takes another type or collation."""
    action = f"TYPE {new.type}"
    if new.collation:
        action += f" COLLATE {new.collation}"
    hazards, cast = [], None
    same_values = base(comparison.old, old.type) == base(comparison.new, new.type)
    same = same_bytes(old.type, new.type) or (same_values and not _is_strict(comparison.new, new.type))
    if old.type != new.type and not same:
        # There is no cast from one enum to another but by their labels.
        by_text = all(_labels(side, column.type) for side, column in _sides(comparison, old, new))
        cast = None if by_text else (old.type, new.type)
        text = f"::{_text(new.type)}" if by_text else ""
        action += f" USING {quote(name)}{text}::{new.type}"
        subject, what = f"{table}.{name}", f"{old.type} becomes {new.type}"
        hazards.append(Hazard(HazardName.TABLE_REWRITE, subject, what, Probe(quote(table))))
        if not widens(old.type, new.type):
            filled = Probe(quote(table), f"{quote(name)} IS NOT NULL", name, "values")
            refuses = same_values or fails_rather(old.type, new.type)
            risk = HazardName.CONSTRAINT_MAY_FAIL if refuses else HazardName.DATA_LOSS
            hazards.append(Hazard(risk, subject, what, filled))
    return replace(column_step(table, name, action, hazards=tuple(hazards)), cast=cast)


def _sides(comparison: Comparison, old: Column, new: Column) -> tuple[tuple[Catalog, Column], tuple[Catalog, Column]]:
    return (comparison.old, old), (comparison.new, new)


def base(catalog: Catalog, kind: str) -> str:
    """Return what a type is at bottom: a domain is the type it is over."""
    while domain := _domain(catalog, kind):
        kind = domain.base
    return kind


def _is_strict(catalog: Catalog, kind: str) -> bool:
    """Say whether a type is a domain that may refuse a value: PostgreSQL then writes every row anew."""
    while domain := _domain(catalog, kind):
        if domain.constraints or not domain.nullable:
            return True
        kind = domain.base
    return False


def _domain(catalog: Catalog, kind: str) -> Domain | None:
    return next((value for name, value in catalog.domains.items() if quote(name) == kind), None)


def _partitions(catalog: Catalog, table: str) -> Iterator[str]:
    """Yield the partitions of a table, at any depth."""
    for name, value in catalog.tables.items():
        if value.partition and value.partition.parent == table:
            yield name
            yield from _partitions(catalog, name)
