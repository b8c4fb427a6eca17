"""The files of the desired state, as text."""

import re
from dataclasses import dataclass
from pathlib import Path

from infra.provider.schema.errors import SourceError, SourceErrors

_GUARD = re.compile(r"^\\(?:un)?restrict [A-Za-z0-9]+$", re.MULTILINE)
"""Lines that pg_dump writes around a dump, since August 2025, for psql alone."""


@dataclass(frozen=True)
class SourceFile:
    """A file of the desired state; `name` is relative to its folder."""

    name: str
    text: str


def read_files(directory: Path) -> tuple[SourceFile, ...]:
    """Return every .sql file below `directory`, sorted by name; what pg_dump writes is read as it is.

    Raises:
        SourceErrors: the folder is missing, or a file is no UTF-8.
    """
    if not directory.is_dir():
        raise SourceErrors([SourceError(str(directory), 1, 1, "", "there is no such folder")])
    files, errors = [], []
    for path in sorted(directory.rglob("*.sql")):
        name = path.relative_to(directory).as_posix()
        try:
            files.append(SourceFile(name, _GUARD.sub("", path.read_text(encoding="utf-8-sig"))))
        except UnicodeDecodeError as error:
            errors.append(SourceError(name, 1, 1, "", f"not UTF-8 text: {error.reason} at byte {error.start}"))
    if errors:
        raise SourceErrors(errors)
    return tuple(files)
