"""Sequences, a serial column's included: that one is made before its table and tied to its column after it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from infra.provider.schema.comparison import Comparison, both, pairs
from infra.provider.schema.identifiers import Part, literal, quote
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
        yield from _alter(comparison, name, before, after)


def _alter(comparison: Comparison, name: str, before: Sequence, after: Sequence) -> Iterator[Step]:
    item, alter = ObjectId("sequence", name), f"ALTER SEQUENCE {quote(name)}"
    if before.settings != after.settings:
        yield from (
            Step(item, "update", statement)
            for statement in changes(alter, "", literal(quote(name)), quote(name), before.settings, after.settings)
        )
    if before.unlogged != after.unlogged:
        yield Step(item, "update", f"{alter} SET {'UNLOGGED' if after.unlogged else 'LOGGED'}")
    if before.owned_by != after.owned_by:
        if before.owned_by and _goes_with_column(comparison, before):
            # Or it would go with its old column.
            column = ObjectId("column", before.owned_by)
            yield replace(_tie(item, name, None), side="old", covers=frozenset({column}))
        if after.owned_by or not _goes_with_column(comparison, before):
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
        moved = old is not None and attribute == "start" and start(new) != start(old)
        if value == getattr(before, attribute) and not moved:
            continue
        if value is not None:
            words.append(f"{keyword} {value}")
        elif attribute in ("minimum", "maximum"):
            words.append(f"NO {keyword}")
        else:
            words.append(f"{keyword} {start(new) if attribute == 'start' else 1}")
    if new.cycle != before.cycle:
        words.append("CYCLE" if new.cycle else "NO CYCLE")
    return "".join(f" {word}" for word in words)


_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
"""One more than the greatest value of a sequence's type."""


def changes(
    alter: str, setter: str, name: str, relation: str, old: SequenceSettings, new: SequenceSettings
) -> Iterator[str]:
    """Yield the statements that change a sequence's settings.

    Bounds that move past what it may have reached are widened first, its value moved inside, and then set.

    Args:
        alter: how the statement begins.
        setter: what stands before each clause: SET for an identity column, nothing for a sequence.
        name: an SQL expression for its name.
        relation: where its value is read.
        old: the settings now.
        new: the settings to come.
    """
    (low, high), (new_low, new_high) = bounds(old), bounds(new)
    if new_low <= low and high <= new_high:
        yield alter + _set(setter, clauses(new, old))
        return
    widest = replace(
        old,
        minimum=new_low if new_low < low else old.minimum,
        maximum=new_high if new_high > high else old.maximum,
    )
    if widest != old:
        yield alter + _set(setter, clauses(widest, old))
    inside = f"greatest({new_low}, least({new_high}, last_value))"
    called = f"is_called AND last_value BETWEEN {new_low} AND {new_high}"
    yield f"SELECT setval({name}, {inside}, {called}) FROM {relation}"  # noqa: S608 - quoted names, numbers
    yield alter + _set(setter, clauses(new, widest))


def bounds(settings: SequenceSettings) -> tuple[int, int]:
    """Return the least and the greatest value of a sequence."""
    limit, upward = _LIMITS[settings.type], (settings.increment or 1) > 0
    low, high = (1, limit - 1) if upward else (-limit, -1)
    return (
        low if settings.minimum is None else settings.minimum,
        high if settings.maximum is None else settings.maximum,
    )


def narrower(old: SequenceSettings, new: SequenceSettings) -> bool:
    """Say whether the type of `new` holds less than that of `old`."""
    return _LIMITS[new.type] < _LIMITS[old.type]


def fitted(old: SequenceSettings, new: SequenceSettings) -> SequenceSettings:
    """Return `old` within the bounds of `new`, so that its type may become that of `new`."""
    low, high = bounds(new)
    return replace(
        old,
        minimum=old.minimum if bounds(old)[0] == low else low,
        maximum=old.maximum if bounds(old)[1] == high else high,
        start=new.start,
    )


def _set(setter: str, settings: str) -> str:
    if not setter:
        return settings
    return "".join(f" {setter} {clause}" for clause in _CLAUSE.findall(settings))


_CLAUSE = re.compile(r"(?:NO )?(?:INCREMENT BY|MINVALUE|MAXVALUE|START WITH|CACHE|CYCLE)(?: -?\d+)?")


def start(settings: SequenceSettings) -> int:
    """Return the first value of a sequence."""
    if settings.start is not None:
        return settings.start
    if (settings.increment or 1) > 0:
        return 1 if settings.minimum is None else settings.minimum
    return -1 if settings.maximum is None else settings.maximum


def _tie(item: ObjectId, name: str, owned_by: str | None) -> Step:
    owner = f"{quote(owned_by.home)}.{quote(owned_by.part)}" if isinstance(owned_by, Part) else "NONE"
    after = frozenset({ObjectId("column", owned_by)}) if owned_by else frozenset[ObjectId]()
    return Step(item, "update", f"ALTER SEQUENCE {quote(name)} OWNED BY {owner}", after=after)


def _goes_with_column(comparison: Comparison, sequence: Sequence) -> bool:
    if not isinstance(sequence.owned_by, Part):
        return False
    home, column = sequence.owned_by.home, sequence.owned_by.part
    kept = comparison.new.tables.get(home)
    return kept is None or column not in {*kept.columns, *comparison.parents_columns(home)}
