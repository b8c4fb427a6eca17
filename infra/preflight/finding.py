"""What a check says, and what the stack wants of a database."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Wanted:
    """What the stack needs of the database.

    Args:
        schema: the schema that is to hold the tables.
        groups: roles without a login that grants and policies name.
        extensions: what has to be installed in `extensions_schema`.
        extensions_schema: the schema the extensions live in.
        backup_role: the login that is to be made for backups; empty when there is another, or none.
        backup_url: the login for backups that is given; a secret.
        directory: folder of the SQL files, for the names they take; None leaves names unchecked.
        adopt: objects of these names may be taken over.
    """

    schema: str
    groups: tuple[str, ...]
    extensions: tuple[str, ...]
    extensions_schema: str
    backup_role: str = ""
    backup_url: str | None = field(default=None, repr=False)
    directory: Path | None = None
    adopt: bool = False


@dataclass(frozen=True)
class Finding:
    """One line of the answer: what was found about `subject`, and what to do about it."""

    level: Level
    subject: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}" + (f". {self.advice}" if self.advice else "")


def ok(subject: str, text: str) -> Finding:
    """Return a finding that is fine."""
    return Finding("ok", subject, text)


def warning(subject: str, text: str, advice: str = "") -> Finding:
    """Return a finding that somebody should know of, and that stops nothing."""
    return Finding("warning", subject, text, advice)


def failure(subject: str, text: str, advice: str) -> Finding:
    """Return a finding that stops the stack; `advice` is what to do."""
    return Finding("failure", subject, text, advice)
