"""Where files say CREATE EXTENSION, and what PostgreSQL's catalog does not tell of it afterwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.provider.schema.identifiers import IDENTIFIER
from infra.provider.schema.statements import statement_starts

_CREATE = re.compile(
    rf"CREATE\s+EXTENSION\s+(?P<optional>IF\s+NOT\s+EXISTS\s+)?(?P<name>{IDENTIFIER})\s*(?:WITH\s+)?"
    rf"(?P<options>(?:(?:SCHEMA\s+{IDENTIFIER}|VERSION\s+(?:'(?:[^']|'')*'|{IDENTIFIER})|CASCADE)\s*)*)(?:;|\Z)",
    re.IGNORECASE,
)
_SCHEMA = re.compile(rf"\bSCHEMA\s+({IDENTIFIER})", re.IGNORECASE)
_PIN = re.compile(r"\bVERSION\s", re.IGNORECASE)
_CASCADE = re.compile(r"\bCASCADE\b", re.IGNORECASE)


@dataclass(frozen=True)
class ExtensionStatement:
    """A CREATE EXTENSION.

    Args:
        name: the extension's.
        schema: where it is to live; None where the statement does not say.
        pinned: whether it names a version.
        cascade: whether it may bring along what the extension requires.
        optional: whether it says IF NOT EXISTS.
        options: all that follows the name, as it is written.
        start: where it begins in its file.
        end: where it ends.
    """

    name: str
    schema: str | None
    pinned: bool
    cascade: bool
    optional: bool
    options: str
    start: int
    end: int


def extension_statements(text: str) -> Iterator[ExtensionStatement]:
    """Yield every CREATE EXTENSION in the text of a file."""
    if not _CREATE.search(text):  # most have none: their statements need no look
        return
    for start in statement_starts(text):
        if found := _CREATE.match(text, start):
            options = found["options"].strip()
            schema = _SCHEMA.search(options)
            yield ExtensionStatement(
                name=folded(found["name"]),
                schema=folded(schema[1]) if schema else None,
                pinned=_PIN.search(options) is not None,
                cascade=_CASCADE.search(options) is not None,
                optional=found["optional"] is not None,
                options=options,
                start=start,
                end=found.end(),
            )


def folded(name: str) -> str:
    """Return a name as PostgreSQL reads it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
