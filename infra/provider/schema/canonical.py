"""One spelling for what PostgreSQL prints in two: `x IN ('a', 'b')` over varchar.

As first parsed it prints as `x = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])`; that text, read again, prints as
`x = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text])`, and so does every restored dump. The second is stable.
"""

import re

_ELEMENT = r"'(?:[^']|'')*'::[a-z][a-z ]*(?:\(\d+\))?"
_ARRAY = re.compile(
    rf"\(ARRAY\[(?P<plain>{_ELEMENT}(?:, {_ELEMENT})*)\]\)::(?P<plain_type>[a-z][a-z ]*)\[\]"
    rf"|ARRAY\[(?P<pretty>{_ELEMENT}(?:, {_ELEMENT})*)\]::(?P<pretty_type>[a-z][a-z ]*)\[\]"
)
_EACH = re.compile(_ELEMENT)


def canonical(text: str) -> str:
    """Return an expression or definition with each array that is cast as a whole cast element by element."""
    return _ARRAY.sub(_by_element, text) if "ARRAY[" in text else text


def _by_element(found: re.Match[str]) -> str:
    # With parentheses all around as PostgreSQL prints them, or pretty, without.
    if found["plain"]:
        cast = [f"({item})::{found['plain_type']}" for item in _EACH.findall(found["plain"])]
    else:
        cast = [f"{item}::{found['pretty_type']}" for item in _EACH.findall(found["pretty"])]
    return f"ARRAY[{', '.join(cast)}]"
