"""One spelling for what PostgreSQL prints in two: `x IN ('a', 'b')` over varchar, and the columns of statistics.

As first parsed it prints as `x = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])`; that text, read again, prints as
`x = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text])`, and so does every restored dump. The second is stable.

The columns of a statistics object print in the order they have in their table, which is no difference here.
"""

import re

_ELEMENT = r"'(?:[^']|'')*'::[a-z][a-z ]*(?:\(\d+\))?"
_ARRAY = re.compile(
    rf"\(ARRAY\[(?P<plain>{_ELEMENT}(?:, {_ELEMENT})*)\]\)::(?P<plain_type>[a-z][a-z ]*)\[\]"
    rf"|ARRAY\[(?P<pretty>{_ELEMENT}(?:, {_ELEMENT})*)\]::(?P<pretty_type>[a-z][a-z ]*)\[\]"
)
_EACH = re.compile(_ELEMENT)
_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_STATISTICS = re.compile(rf"(?P<head>CREATE STATISTICS .+? ON )(?P<columns>{_NAME}(?:, {_NAME})*)(?=, | FROM )")


def canonical(text: str) -> str:
    """Return an expression or definition with each array that is cast as a whole cast element by element.

    The columns of a statistics object come in alphabetical order.
    """
    if "CREATE STATISTICS " in text:
        text = _STATISTICS.sub(_by_name, text)
    return _ARRAY.sub(_by_element, text) if "ARRAY[" in text else text


def _by_name(found: re.Match[str]) -> str:
    return found["head"] + ", ".join(sorted(re.findall(_NAME, found["columns"])))


def _by_element(found: re.Match[str]) -> str:
    # With parentheses all around as PostgreSQL prints them, or pretty, without.
    if found["plain"]:
        cast = [f"({item})::{found['plain_type']}" for item in _EACH.findall(found["plain"])]
    else:
        cast = [f"{item}::{found['pretty_type']}" for item in _EACH.findall(found["pretty"])]
    return f"ARRAY[{', '.join(cast)}]"
