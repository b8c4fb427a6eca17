"""Objects that one statement makes whole: aggregates, operators, rules and the like; made anew to change."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.model import TOP_LEVEL, WHOLE, ObjectId, Whole
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, SHARE_UPDATE_EXCLUSIVE, Step

_LOCKS = {"rule": ACCESS_EXCLUSIVE, "statistics": SHARE_UPDATE_EXCLUSIVE}


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield those whose definition changes."""
    for kind in WHOLE:
        for name, old, new in both(*_sides(comparison, kind)):
            if (old.definition, old.more, old.phrase) != (new.definition, new.more, new.phrase):
                yield Upheaval(ObjectId(kind, name))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE and DROP; one that lives on a table or view goes with it."""
    for kind in WHOLE:
        lock = _LOCKS.get(kind, NO_LOCK)
        for name, old, new in pairs(*_sides(comparison, kind)):
            item = ObjectId(kind, name)
            rebuilt = item in comparison.rebuilt
            if old and (new is None or rebuilt) and not _goes_with_home(comparison, old):
                yield Step(item, "delete", f"DROP {old.phrase}", lock)
            if new and (old is None or rebuilt):
                yield Step(item, "create", new.definition, lock, _hazards(kind, name, made_again=rebuilt))
                yield from (Step(item, "update", statement, lock) for statement in new.more)


def _sides(comparison: Comparison, kind: str) -> tuple[dict[str, Whole], dict[str, Whole]]:
    attribute = TOP_LEVEL[kind]
    return getattr(comparison.old, attribute), getattr(comparison.new, attribute)


def _goes_with_home(comparison: Comparison, whole: Whole) -> bool:
    homes = [ObjectId(kind, whole.home or "") for kind in ("table", "view")]
    return whole.home is not None and any(
        home in comparison.old_nodes and (home not in comparison.new_nodes or home in comparison.rebuilt)
        for home in homes
    )


def _hazards(kind: str, name: str, *, made_again: bool) -> tuple[Hazard, ...]:
    if kind == "statistics" and made_again:
        return (Hazard(HazardName.DEPENDENTS_DROPPED, name, "the statistics are"),)
    return ()
