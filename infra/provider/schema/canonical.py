"""One spelling for what PostgreSQL prints in two: `x IN ('a', 'b')` over varchar, and lists of columns.

As first parsed it prints as `x = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])`; that text, read again, prints as
`x = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text])`, and so does every restored dump. The second is stable.

The columns of a statistics object, and those that a publication publishes of a table, print in the order they have in
that table, which is no difference here.
"""

import re

_ELEMENT = r"'(?:[^']|'')*'::[a-z][a-z ]*(?:\(\d+\))?"
_ARRAY = re.compile(
    rf"\(ARRAY\[(?P<plain>{_ELEMENT}(?:, {_ELEMENT})*)\]\)::(?P<plain_type>[a-z][a-z ]*)\[\]"
    rf"|ARRAY\[(?P<pretty>{_ELEMENT}(?:, {_ELEMENT})*)\]::(?P<pretty_type>[a-z][a-z ]*)\[\]"
)
_EACH = re.compile(_ELEMENT)
_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_LIST = rf"(?P<columns>{_NAME}(?:, {_NAME})*)"
_STATISTICS = re.compile(rf"(?P<head>CREATE STATISTICS .+? ON ){_LIST}(?=, | FROM )")
_PUBLISHED = re.compile(rf"(?P<head>ALTER PUBLICATION .+? ADD TABLE (?:ONLY )?{_NAME}(?:\.{_NAME})? \(){_LIST}(?=\))")


def canonical(text: str) -> str:
    """Return an expression or definition with each array that is cast as a whole cast element by element.

    The columns of a statistics object, and of a table in a publication, come in alphabetical order.
    """
    if "CREATE STATISTICS " in text:
        text = _STATISTICS.sub(_by_name, text)
    if "ALTER PUBLICATION " in text:
        text = _PUBLISHED.sub(_by_name, text)
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
