"""What files say has to be there before them: extensions, and their schema. Both are the database's, made by others."""

import re

from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import statement_starts
from infra.provider.schema.target import Target

_NAME = r'("(?:[^"]|"")+"|[A-Za-z_\x80-\uffff][\w\x80-\uffff$]*)'
_EXTENSION = re.compile(
    rf"CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*(?:(?:WITH\s+)?SCHEMA\s+{_NAME}\s*)?(?:CASCADE\s*)?;",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    rf"CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*(?:AUTHORIZATION\s+{_NAME}\s*)?;", re.IGNORECASE
)

_DROP = re.compile(r"DROP\s+(?:SCHEMA|EXTENSION)\b", re.IGNORECASE)


def without_prerequisites(file: SourceFile, target: Target) -> SourceFile:
    """Return `file` without the statements that make what `target` has already, as it has it.

    Blanks stand for them, so that all else keeps its place: PostgreSQL would say of them that it exists already. An
    extension that is not there, or is wanted in another schema or version, stays, and is refused by name. A script that
    drops some first makes them itself, and is left alone.
    """
    text = file.text
    starts = statement_starts(text)
    if any(_DROP.match(text, start) for start in starts):
        return file
    for start in starts:
        found = _EXTENSION.match(text, start) or _SCHEMA.match(text, start)
        if found and _is_there(found, target):
            text = text[:start] + re.sub(r"\S", " ", found[0]) + text[found.end() :]
    return SourceFile(file.name, text)


def _is_there(found: re.Match[str], target: Target) -> bool:
    name, more = _folded(found[1]), _folded(found[2])
    if found.re is _SCHEMA:
        return name == target.schema and more in (None, target.owner)
    return name in target.extensions and more in (None, target.home_of(str(name)))


def _folded(name: str | None) -> str | None:
    """Return a name as PostgreSQL reads it, None for none."""
    if name is None or not name.startswith('"'):
        return name and name.lower()
    return name[1:-1].replace('""', '"')
