"""Which schemas files make beside the main one: those are managed along with it.

They are read from the text, before any of it is run: a scratch database gets a copy of every other schema there is.
"""

import re
from collections.abc import Iterable

from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import statement_starts
from infra.provider.schema.target import Target, is_reserved

_NAME = r'("(?:[^"]|"")+"|[A-Za-z_\x80-\uffff][\w\x80-\uffff$]*)'
_CREATE = re.compile(
    rf"CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:AUTHORIZATION\s+)?{_NAME}",  # for a role, in its name
    re.IGNORECASE,
)


def made_schemas(files: Iterable[SourceFile], target: Target) -> tuple[str, ...]:
    """Return the schemas that `files` create, but for those that are no user's: PostgreSQL's, ours, extensions'."""
    homes = {target.extensions_schema, *(target.home_of(name) for name in target.extensions)}
    found = {name for file in files for name in _created(file.text)}
    return tuple(sorted(name for name in found - {target.schema} - homes if not is_reserved(name)))


def _created(text: str) -> Iterable[str]:
    if _CREATE.search(text) is None:
        return
    for start in statement_starts(text):
        if match := _CREATE.match(text, start):
            name = match[1]
            yield name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
