"""Sequences, a serial column's included: that one is made before its table and tied to its column after it."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, both, pairs
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import ObjectId, Sequence, SequenceSettings
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, ALTER and DROP SEQUENCE; one that goes with its column or table needs no step."""
    for name, old, new in pairs(comparison.old.sequences, comparison.new.sequences):
        item = ObjectId("sequence", name)
        if new is None:
            if old and not _goes_with_column(comparison, old):
                yield Step(item, "delete", f"DROP SEQUENCE {quote(name)}")
        elif old is None:
            unlogged = "UNLOGGED " if new.unlogged else ""
            yield Step(item, "create", f"CREATE {unlogged}SEQUENCE {quote(name)}{clauses(new.settings)}")
            if new.owned_by:
                yield _tie(item, name, new.owned_by)
    for name, before, after in both(comparison.old.sequences, comparison.new.sequences):
        item, alter = ObjectId("sequence", name), f"ALTER SEQUENCE {quote(name)}"
        if before.settings != after.settings:
            yield Step(item, "update", alter + clauses(after.settings, before.settings))
        if before.unlogged != after.unlogged:
            yield Step(item, "update", f"{alter} SET {'UNLOGGED' if after.unlogged else 'LOGGED'}")
        if before.owned_by != after.owned_by:
            yield _tie(item, name, after.owned_by)


def clauses(new: SequenceSettings, old: SequenceSettings | None = None) -> str:
    """Return the clauses that make a sequence of `old` settings (a fresh bigint one if None) one of `new` settings."""
    before = old or SequenceSettings()
    words = [f"AS {new.type}"] if new.type != before.type else []
    for keyword, attribute in (
        ("INCREMENT BY", "increment"),
        ("MINVALUE", "minimum"),
        ("MAXVALUE", "maximum"),
        ("START WITH", "start"),
        ("CACHE", "cache"),
    ):
        value = getattr(new, attribute)
        moved = old is not None and attribute == "start" and _start(new) != _start(old)
        if value == getattr(before, attribute) and not moved:
            continue
        if value is not None:
            words.append(f"{keyword} {value}")
        elif attribute in ("minimum", "maximum"):
            words.append(f"NO {keyword}")
        else:
            words.append(f"{keyword} {_start(new) if attribute == 'start' else 1}")
    if new.cycle != before.cycle:
        words.append("CYCLE" if new.cycle else "NO CYCLE")
    return "".join(f" {word}" for word in words)


def _start(settings: SequenceSettings) -> int:
    if settings.start is not None:
        return settings.start
    if (settings.increment or 1) > 0:
        return 1 if settings.minimum is None else settings.minimum
    return -1 if settings.maximum is None else settings.maximum


def _tie(item: ObjectId, name: str, owned_by: str | None) -> Step:
    table, _, column = (owned_by or "").rpartition(".")
    owner = f"{quote(table)}.{quote(column)}" if owned_by else "NONE"
    after = frozenset({ObjectId("column", owned_by)}) if owned_by else frozenset[ObjectId]()
    return Step(item, "update", f"ALTER SEQUENCE {quote(name)} OWNED BY {owner}", after=after)


def _goes_with_column(comparison: Comparison, sequence: Sequence) -> bool:
    if sequence.owned_by is None:
        return False
    table, _, column = sequence.owned_by.rpartition(".")
    kept = comparison.new.tables.get(table)
    return kept is None or column not in kept.columns
