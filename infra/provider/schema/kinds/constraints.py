"""Table constraints: validated in place, otherwise dropped and added."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import beside, quote
from infra.provider.schema.kinds.attaching import parts_first
from infra.provider.schema.kinds.tables import is_inline
from infra.provider.schema.model import Constraint, ObjectId
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the constraints whose definition changes."""
    for name, old, new in both(comparison.old.tables, comparison.new.tables):
        for part, before, after in both(old.constraints, new.constraints):
            if before.definition != after.definition or (before.validated and not after.validated):
                yield Upheaval(ObjectId("constraint", f"{name}.{part}"))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ADD, VALIDATE and DROP CONSTRAINT."""
    for name, new in comparison.new.tables.items():
        if name not in comparison.old.tables:
            for part, constraint in new.constraints.items():
                if not is_inline(comparison, name, part):
                    yield _add(name, part, constraint, fresh=True)
    for name, old, new in both(comparison.old.tables, comparison.new.tables):
        for part, before, after in pairs(old.constraints, new.constraints):
            item = ObjectId("constraint", f"{name}.{part}")
            if before and (after is None or item in comparison.rebuilt):
                _require_own_index(comparison, item)
                yield _drop(name, part)
            if after and (before is None or item in comparison.rebuilt):
                yield from parts_first(comparison, item, beside(name, part))
                yield _add(name, part, after)
            elif before and after and after.validated > before.validated:
                yield _validate(name, part, after)


def _require_own_index(comparison: Comparison, item: ObjectId) -> None:
    if comparison.goes_with_index(item):
        reason = "it is part of an index of its parent that goes, and neither can be dropped before the other"
        raise CannotPlan(item, reason, "Detach the partition first, in an update of its own.")


def _drop(table: str, name: str) -> Step:
    return Step(
        ObjectId("constraint", f"{table}.{name}"),
        "delete",
        f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}",
        ACCESS_EXCLUSIVE,
    )


def _add(table: str, name: str, constraint: Constraint, *, fresh: bool = False) -> Step:
    lock = SHARE_ROW_EXCLUSIVE if constraint.kind == "foreign" else ACCESS_EXCLUSIVE
    suffix = "" if constraint.validated else " NOT VALID"
    checked = constraint.validated and not fresh and not constraint.definition.endswith("NOT ENFORCED")
    return Step(
        ObjectId("constraint", f"{table}.{name}"),
        "create",
        f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)} {constraint.definition}{suffix}",
        lock,
        _hazards(table, name, constraint) if checked else (),
    )


def _validate(table: str, name: str, constraint: Constraint) -> Step:
    return Step(
        ObjectId("constraint", f"{table}.{name}"),
        "update",
        f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {quote(name)}",
        SHARE_UPDATE_EXCLUSIVE,
        _hazards(table, name, constraint),
    )


def _hazards(table: str, name: str, constraint: Constraint) -> tuple[Hazard, ...]:
    subject, rows = f"{table}.{name}", Probe(quote(table))
    if constraint.kind == "check":
        expression = constraint.definition.removeprefix("CHECK ").removesuffix(" NO INHERIT")
        broken = Probe(quote(table), f"NOT {expression}", unit="rows in violation")
        second = Hazard(HazardName.LONG_LOCK, subject, "checks every row", rows)
    elif constraint.kind == "foreign":
        broken = Probe(quote(table), unit="rows to look up")
        second = Hazard(HazardName.LONG_LOCK, subject, f"looks every row up in {constraint.references}", rows)
    else:
        broken = Probe(quote(table), unit="rows to compare")
        second = Hazard(HazardName.LONG_LOCK, subject, "builds its index", rows)
    return (Hazard(HazardName.CONSTRAINT_MAY_FAIL, subject, constraint.definition, broken), second)
