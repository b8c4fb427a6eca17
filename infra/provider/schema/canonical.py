"""One spelling for what PostgreSQL prints in two: `x IN ('a', 'b')` over varchar, lists of columns, and AND in AND.

As first parsed it prints as `x = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])`; that text, read again, prints as
`x = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text])`, and so does every restored dump. The second is stable.

The columns of a statistics object, and those that a publication publishes of a table, print in the order they have in
that table, which is no difference here.

`a AND (b AND c)` means what `a AND b AND c` does. PostgreSQL keeps the two apart, and pg_dump prints them so; what it
prints for people (pg_get_constraintdef with `pretty`), and with it every file that was written from that, has no
parentheses there.
"""

import re
from dataclasses import dataclass, field

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


_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\s+|.")
_CONNECTIVES = ("AND", "OR")


@dataclass
class _Group:
    """What stands between two parentheses: words, blanks, and groups."""

    parts: "list[str | _Group]" = field(default_factory=list)

    def __str__(self) -> str:
        return f"({self.inside})"

    @property
    def inside(self) -> str:
        return "".join(map(str, self.parts))

    @property
    def connective(self) -> str | None:
        """The one word that joins all of it, AND or OR."""
        found = {part for part in self.parts if part in _CONNECTIVES}
        return str(found.pop()) if len(found) == 1 else None

    def merge(self) -> None:
        """Take in the groups that are joined by the same word as this one, and are a whole operand of it."""
        word = self.connective
        if word is None:
            return
        solid = [part for part in self.parts if not str(part).isspace()]
        ends = (word, None)
        for before, part, after in zip([None, *solid], solid, [*solid[1:], None], strict=False):
            if isinstance(part, _Group) and before in ends and after in ends and part.connective == word:
                place = next(number for number, other in enumerate(self.parts) if other is part)
                self.parts[place : place + 1] = part.parts


def flattened(text: str) -> str:
    """Return statements with each AND that is an operand of an AND, and OR of an OR, made one with it.

    Text whose parentheses do not match is returned as it is.
    """
    if " AND (" not in text and " OR (" not in text:
        return text
    open_groups = [_Group()]
    for piece in _PIECE.findall(text):
        if piece == "(":
            open_groups.append(_Group())
        elif piece == ")":
            group = open_groups.pop()
            if not open_groups:
                return text
            group.merge()
            open_groups[-1].parts.append(group)
        else:
            open_groups[-1].parts.append(piece)
    return open_groups[0].inside if len(open_groups) == 1 else text
