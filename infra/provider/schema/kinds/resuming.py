"""A sequence that is new for a column with values goes on behind the last of them."""

import re
from collections.abc import Iterator
from dataclasses import replace

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.kinds.retyping import base, column_step
from infra.provider.schema.kinds.sequences import bounds, start
from infra.provider.schema.model import Column, SequenceSettings
from infra.provider.schema.steps import Step


def resume_identity(comparison: Comparison, table: str, name: str, settings: SequenceSettings) -> Step:
    """Return the step that sets the sequence of a column that becomes an identity."""
    sequence = f"pg_get_serial_sequence({literal(quote(table))}, {literal(name)})"
    return _resume(comparison, table, name, sequence, settings, str(start(settings)))


def resume_default(comparison: Comparison, table: str, name: str, column: Column) -> Iterator[Step]:
    """Yield the step that sets the sequence of a column's new default, where the same plan makes that sequence."""
    for made in sorted(comparison.new.sequences.keys() - comparison.old.sequences.keys()):
        if column.default == f"nextval({literal(quote(made))}::regclass)" and _counts(comparison, column):
            settings = comparison.new.sequences[made].settings
            # Another column of the plan may share it, and have set it further.
            reached = f"(SELECT last_value FROM {quote(made)})"  # noqa: S608 - a quoted name
            yield _resume(comparison, table, name, literal(quote(made)), settings, reached)


def _resume(
    comparison: Comparison, table: str, name: str, sequence: str, settings: SequenceSettings, reached: str
) -> Step:
    (low, high), upward = bounds(settings), (settings.increment or 1) > 0
    last, compared = ("max", ">=") if upward else ("min", "<=")
    value = f"{last}({quote(name)})"
    sql = (
        f"SELECT setval({sequence}, greatest({low}, least({high}, {value}))::bigint) "  # noqa: S608 - quoted names, numbers
        f"FROM {quote(table)} HAVING {value} {compared} {reached}"
    )
    subject = f"{table}.{name}"
    hazard = Hazard(HazardName.LONG_LOCK, subject, "every row is read for the last value", Probe(quote(table)))
    hazards = () if _is_indexed(comparison, table, name) else (hazard,)
    return replace(column_step(table, name, "", hazards=hazards), sql=sql, side="new")


def _counts(comparison: Comparison, column: Column) -> bool:
    """Say whether the values of a column are numbers: text may be made from a sequence, too."""
    return base(comparison.new, column.type).partition("(")[0] in ("smallint", "integer", "bigint", "numeric")


def _is_indexed(comparison: Comparison, table: str, name: str) -> bool:
    """Say whether an index that stays begins with the column, and answers for its last value."""
    old, new = comparison.old.tables[table], comparison.new.tables[table]
    keys = (old.constraints[key].definition for key in old.constraints.keys() & new.constraints.keys())
    indexes = (old.indexes[index].definition for index in old.indexes.keys() & new.indexes.keys())
    key = rf"(PRIMARY KEY|UNIQUE|USING btree) \({re.escape(quote(name))}[,) ]"
    return any(re.search(key, definition) and " WHERE " not in definition for definition in (*keys, *indexes))
