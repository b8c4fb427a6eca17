"""Which schemas files make beside the main one: those are managed along with it.

They are read from the text, before any of it is run: a scratch database gets a copy of every other schema there is.
What others made stays theirs under CREATE SCHEMA IF NOT EXISTS: whoever writes that needs it, whosever it is.
"""

import re
from collections.abc import Collection, Iterable

from infra.provider.schema.extension_statements import extension_statements, folded
from infra.provider.schema.identifiers import IDENTIFIER
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import statement_starts
from infra.provider.schema.target import Target, is_reserved

_CREATE = re.compile(
    rf"CREATE\s+SCHEMA\s+(IF\s+NOT\s+EXISTS\s+)?(?:AUTHORIZATION\s+)?({IDENTIFIER})",  # for a role, in its name
    re.IGNORECASE,
)


def made_schemas(files: Collection[SourceFile], target: Target) -> tuple[str, ...]:
    """Return the schemas that `files` create, but for those that are no user's: PostgreSQL's, ours, extensions'.

    Args:
        files: all of them.
        target: what it has beside the main schema, and what of that is ours.
    """
    homes = _homes(files, target)
    there = target.server.surroundings.names - {*target.also, *target.known} if target.server else frozenset[str]()
    found = {name for file in files for name, needed in _created(file.text) if not (needed and name in there)}
    return tuple(sorted(name for name in found - {target.schema} - homes if not is_reserved(name)))


def _homes(files: Collection[SourceFile], target: Target) -> set[str]:
    """Return the schemas of extensions that are others'.

    The usual one is like any other where nothing lives in it, or nothing but what the files create.
    """
    homes = {target.home_of(name) for name in target.provided}
    named = {statement.name for file in files for statement in extension_statements(file.text)}
    lives_there = {name for name in target.extensions if target.home_of(name) == target.extensions_schema}
    usual = {target.extensions_schema} if target.server is None or lives_there - named else set[str]()
    return homes | usual


def _created(text: str) -> Iterable[tuple[str, bool]]:
    """Yield the schemas that a text creates, each with whether it only does where there is none."""
    if _CREATE.search(text) is None:
        return
    for start in statement_starts(text):
        if match := _CREATE.match(text, start):
            yield folded(match[2]), match[1] is not None
