"""What files say has to be there before them: extensions, and their schema. Both are the database's, made by others."""

import re

from infra.provider.schema.extension_statements import ExtensionStatement, extension_statements, folded
from infra.provider.schema.identifiers import IDENTIFIER
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import statement_starts
from infra.provider.schema.target import Target

PLAIN_SCHEMA = re.compile(
    rf"CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?({IDENTIFIER})\s*(?:AUTHORIZATION\s+({IDENTIFIER})\s*)?;",
    re.IGNORECASE,
)
"""A CREATE SCHEMA that makes nothing inside of it."""

_DROP = re.compile(r"DROP\s+(?:SCHEMA|EXTENSION)\b", re.IGNORECASE)


def without_prerequisites(file: SourceFile, target: Target) -> SourceFile:
    """Return `file` without the statements that make what `target` has already, as it has it.

    Blanks stand for them, so that all else keeps its place: PostgreSQL would say of them that it exists already. An
    extension of others that is wanted in another schema or version stays, and is refused by name. A script that drops
    some first makes them itself, and is left alone.
    """
    if makes_anew(file):
        return file
    text = file.text
    for start in statement_starts(text):
        if (found := PLAIN_SCHEMA.match(text, start)) and _is_there(found, target):
            text = blanked(text, start, found.end())
    for statement in extension_statements(text):
        if _is_provided(statement, target):
            text = blanked(text, statement.start, statement.end)
    return SourceFile(file.name, text)


def makes_anew(file: SourceFile) -> bool:
    """Say whether a file drops schemas or extensions first, as a script that is run again and again does."""
    return any(_DROP.match(file.text, start) for start in statement_starts(file.text))


def blanked(text: str, start: int, end: int) -> str:
    """Return `text` with blanks from `start` to `end`."""
    return text[:start] + re.sub(r"\S", " ", text[start:end]) + text[end:]


def _is_there(found: re.Match[str], target: Target) -> bool:
    return folded(found[1]) == target.schema and (found[2] is None or folded(found[2]) == target.owner)


def _is_provided(statement: ExtensionStatement, target: Target) -> bool:
    given = statement.name in target.provided
    return given and not statement.pinned and statement.schema in (None, target.home_of(statement.name))
