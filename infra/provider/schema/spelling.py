"""One spelling for what PostgreSQL prints in two ways, and a way to write it that it reads back as it stood.

`varchar_column IN ('a', 'b')` is kept as an array of varchar cast to text[]. Printed and read again, the cast has moved
to the elements: an endless difference between a schema and its own dump.
"""

import re
from dataclasses import replace

from infra.provider.schema.steps import Step

_ELEMENT = r"'(?:[^']|'')*'::character varying"
_CAST_INSIDE = re.compile(
    rf"ARRAY\[((?:{_ELEMENT}::text|\({_ELEMENT}\)::text)(?:, (?:{_ELEMENT}::text|\({_ELEMENT}\)::text))*)\]"
)
_CAST_OUTSIDE = re.compile(rf"ARRAY\[({_ELEMENT}(?:, {_ELEMENT})*)\](\)?)::text\[\]")
_INNER = re.compile(rf"(\(?)({_ELEMENT})\)?::text")

_VERBATIM = frozenset({"function", "aggregate"})
"""Kinds whose statements hold a user's own text, which is none of ours to spell."""


def canonical(text: str) -> str:
    """Return a printed expression with the cast of an array of strings outside of it."""
    if "::character varying" not in text:
        return text
    return _CAST_INSIDE.sub(_outside, text)


def _outside(match: re.Match[str]) -> str:
    elements = _INNER.findall(match[1])
    array = f"ARRAY[{', '.join(element for _, element in elements)}]"
    return f"({array})::text[]" if elements[0][0] else f"{array}::text[]"


def written(step: Step) -> Step:
    """Return `step` with each such array given its type, so that the cast stays where it was."""
    if step.object.kind in _VERBATIM or step.sql.startswith("COMMENT") or "::character varying" not in step.sql:
        return step
    return replace(step, sql=_CAST_OUTSIDE.sub(r"ARRAY[\1]::character varying[]\2::text[]", step.sql))
