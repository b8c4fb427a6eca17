"""The one directive that schema files may carry: `-- renamed-from: old_name`, on the line above what has a new name."""

import re
from collections.abc import Iterable, Iterator

from infra.provider.schema.errors import SourceError, SourceErrors
from infra.provider.schema.identifiers import IDENTIFIER, Name, beside
from infra.provider.schema.model import Catalog, Rename
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import locate, statement_starts

_DIRECTIVE = re.compile(r"^[ \t]*--[ \t]*renamed-from:[ \t]*(?P<old>.*?)[ \t]*$", re.MULTILINE)
_REMARKS = re.compile(r"(?:\s+|--[^\n]*)*")
_PATH = rf"(?:{IDENTIFIER}\s*\.\s*)??(?:({IDENTIFIER})\s*\.\s*)?({IDENTIFIER})"
_IF = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+"), re.IGNORECASE)


_STATEMENTS = tuple(
    (kind, _pattern(rf"CREATE (?:OR REPLACE )?{words} {_IF}{_PATH}"))
    for kind, words in (
        ("table", "(?:UNLOGGED )?TABLE"),
        ("view", "(?:RECURSIVE |MATERIALIZED )?VIEW"),
        ("sequence", "(?:UNLOGGED )?SEQUENCE"),
        ("type", "TYPE"),
        ("domain", "DOMAIN"),
        ("function", "(?:FUNCTION|PROCEDURE)"),
    )
)
_INDEX = _pattern(rf"CREATE (?:UNIQUE )?INDEX(?: CONCURRENTLY)? {_IF}({IDENTIFIER}) ON (?:ONLY )?{_PATH}")
_PARTS = (
    ("policy", _pattern(rf"CREATE POLICY ({IDENTIFIER}) ON {_PATH}")),
    ("trigger", _pattern(rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER ({IDENTIFIER}) (?:[^;]*?) ON {_PATH}")),
)
_ADDED = _pattern(rf"ALTER TABLE (?:ONLY )?{_IF}{_PATH} ADD (CONSTRAINT|COLUMN)?\s*{_IF}({IDENTIFIER})")
_CONSTRAINT = _pattern(rf"CONSTRAINT ({IDENTIFIER})")
_MEMBER = re.compile(rf"({IDENTIFIER})|'((?:[^']|'')*)'")
_TYPES = ("enums", "composites", "ranges")


def read_renames(files: Iterable[SourceFile], catalog: Catalog) -> tuple[Rename, ...]:
    """Return the renames that `files` declare.

    Args:
        files: the schema's files.
        catalog: what they describe.

    Raises:
        SourceErrors: a directive that stands above nothing it could rename, or a name that comes from two.
    """
    found: list[Rename] = []
    errors: list[SourceError] = []
    for file in files:
        for match in _DIRECTIVE.finditer(file.text):
            rename = _rename(file.text, match, catalog)
            if rename is None:
                what = "renamed-from stands above nothing that has a name"
                hint = "Put it on the line above a CREATE statement, a column, a constraint or an enum's label."
            elif any((rename.kind, rename.home, rename.old) == (other.kind, other.home, other.old) for other in found):
                what, hint = f"{rename.old} has two names to come", "Keep one of the directives."
            else:
                found.append(rename)
                continue
            line, column, text = locate(file.text, match.start("old"))
            errors.append(SourceError(file.name, line, column, text, what, hint))
    if errors:
        raise SourceErrors(errors)
    return tuple(found)


def _rename(text: str, directive: re.Match[str], catalog: Catalog) -> Rename | None:
    place = _REMARKS.match(text, directive.end())
    offset = place.end() if place else directive.end()
    old = _folded(directive["old"]) if re.fullmatch(IDENTIFIER, directive["old"]) else directive["old"].strip("'")
    if not old:
        return None
    return next(_candidates(text, offset, old, catalog), None)


def _candidates(text: str, offset: int, old: str, catalog: Catalog) -> Iterator[Rename]:
    for kind, pattern in _STATEMENTS:
        if match := pattern.match(text, offset):
            yield from _whole(kind, old, _named(match[1], match[2], catalog), catalog)
    if match := _INDEX.match(text, offset):
        yield from _whole("index", old, beside(_named(match[2], match[3], catalog), _folded(match[1])), catalog)
    for kind, pattern in _PARTS:
        if match := pattern.match(text, offset):
            yield Rename(kind, old, _folded(match[1]), _named(match[2], match[3], catalog))
    if match := _ADDED.match(text, offset):
        kind = "constraint" if (match[3] or "").upper() == "CONSTRAINT" else "column"
        yield Rename(kind, old, _folded(match[4]), _named(match[1], match[2], catalog))
    start = max((begin for begin in statement_starts(text) if begin <= offset), default=0)
    if start < offset:
        yield from _inside(text, start, offset, old, catalog)


def _whole(kind: str, old: str, new: str, catalog: Catalog) -> Iterator[Rename]:
    old = beside(new, old)
    if kind == "type":
        kinds = [name.removesuffix("s") for name in _TYPES if new in getattr(catalog, name)]
        yield from (Rename(found, old, new) for found in kinds)
    else:
        yield Rename(kind, old, new)


def _inside(text: str, start: int, offset: int, old: str, catalog: Catalog) -> Iterator[Rename]:
    """Yield what a directive within a CREATE TABLE or CREATE TYPE is about."""
    homes = (
        match for kind, pattern in _STATEMENTS if kind in ("table", "type") and (match := pattern.match(text, start))
    )
    home = next((_named(match[1], match[2], catalog) for match in homes), None)
    member = _MEMBER.match(text, offset)
    if home is None or member is None:
        return
    if constraint := _CONSTRAINT.match(text, offset):
        yield Rename("constraint", old, _folded(constraint[1]), home)
    elif home in catalog.enums and member[2] is not None:
        yield Rename("label", old, member[2].replace("''", "'"), home)
    elif member[1]:
        kind = "attribute" if home in catalog.composites else "column"
        yield Rename(kind, old, _folded(member[1]), home)


def _named(schema: str | None, name: str, catalog: Catalog) -> str:
    """Return a written path as the catalog holds it: qualified where it leads into another schema than the main one."""
    place, bare = schema and _folded(schema), _folded(name)
    return Name(place, bare) if place in catalog.others and place else bare


def _folded(name: str) -> str:
    """Return a written name as the catalog holds it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
