"""The extensions that files create: taken out of them, made first, and those of the catalog that they answer for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import SourceError, SourceErrors
from infra.provider.schema.extension_statements import ExtensionStatement, extension_statements, folded
from infra.provider.schema.files import apply_files
from infra.provider.schema.identifiers import quote
from infra.provider.schema.introspect import search_path
from infra.provider.schema.model import Catalog, Extension
from infra.provider.schema.prerequisites import PLAIN_SCHEMA, blanked, makes_anew
from infra.provider.schema.session import ENCODING
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import locate, statement_starts
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Declared:
    """A CREATE EXTENSION of the files; `making` holds it alone, at its place in its file."""

    statement: ExtensionStatement
    making: SourceFile

    @property
    def name(self) -> str:
        """The extension's."""
        return self.statement.name


def take_declared(files: Iterable[SourceFile], target: Target) -> tuple[tuple[SourceFile, ...], tuple[Declared, ...]]:
    """Return the files without the extensions that they are to answer for, and those.

    Args:
        files: without what is there already and is others'.
        target: says which extensions those are, and where the others are.
    """
    kept, taken = [], []
    for file in files:
        here = [] if makes_anew(file) else list(_declared(file, target))
        text = file.text
        for found in here:
            text = blanked(text, found.statement.start, found.statement.end)
        kept.append(SourceFile(file.name, text))
        taken += here
    return tuple(kept), tuple(taken)


def take_homes(
    files: Iterable[SourceFile], declared: Iterable[Declared], others: Iterable[str]
) -> tuple[tuple[SourceFile, ...], tuple[SourceFile, ...]]:
    """Return the files without the schemas that they make for their extensions, and those, at their places.

    Args:
        files: without their extensions.
        declared: the extensions.
        others: the schemas that the files make.
    """
    homes = {found.statement.schema for found in declared} & {*others}
    kept, taken = [], []
    for file in files if homes else ():
        text = file.text
        for start in statement_starts(file.text):
            if (found := PLAIN_SCHEMA.match(file.text, start)) and folded(found[1]) in homes:
                taken.append(SourceFile(file.name, _before(file.text, start) + found[0]))
                text = blanked(text, start, found.end())
        kept.append(SourceFile(file.name, text))
    return tuple(kept) if homes else tuple(files), tuple(taken)


def _before(text: str, start: int) -> str:
    """Return blanks, so that what comes after them keeps its place."""
    return re.sub(r"[^\n]", " ", text[:start])


def _declared(file: SourceFile, target: Target) -> Iterator[Declared]:
    for statement in extension_statements(file.text):
        if statement.name not in target.provided:
            making = _before(file.text, statement.start) + _making(statement, target)
            yield Declared(statement, SourceFile(file.name, making))


def _making(statement: ExtensionStatement, target: Target) -> str:
    """Return a statement as the scratch database needs it: what is installed stays where it is unless it says where."""
    there = statement.name in target.extensions
    words = [f"CREATE EXTENSION{' IF NOT EXISTS' if there or statement.optional else ''} {quote(statement.name)}"]
    if there and statement.schema is None:
        words.append(f"SCHEMA {quote(target.home_of(statement.name))}")
    return " ".join([*words, *([statement.options] if statement.options else [])]) + ";"


def without_declared(target: Target, declared: Iterable[Declared]) -> Target:
    """Return `target` as a scratch database gets it before the extensions of the files are made in it."""
    names = {found.name for found in declared}
    return replace(target, extensions=tuple(name for name in target.extensions if name not in names))


def require_available(declared: Iterable[Declared], target: Target) -> None:
    """Refuse what the target's server has not got, before a scratch database beside it fails for another reason.

    Raises:
        SourceErrors: the statements that name it, and what to do.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    wanted = tuple(declared)
    if not wanted or target.url is None:
        return
    with psycopg.connect(target.url, client_encoding=ENCODING) as connection:
        rows = connection.execute(
            "SELECT name FROM pg_available_extensions() WHERE name = ANY (%s)", ([found.name for found in wanted],)
        )
        there = {name for (name,) in rows.fetchall()}
    errors = [
        SourceError(
            found.making.name,
            *locate(found.making.text, found.statement.start),
            f'the server has not got extension "{found.name}"',
            "Install its package where the server runs, or switch it on in your host's list of extensions.",
        )
        for found in wanted
        if found.name not in there
    ]
    if errors:
        raise SourceErrors(errors)


def make_declared(
    connection: "psycopg.Connection[Any]", declared: Iterable[Declared], target: Target, others: Iterable[str]
) -> None:
    """Make the extensions of the files, in an order that works, as whoever made the scratch database.

    What the target's own role may is no matter here: that is asked where it counts, before the plan runs there.

    Args:
        connection: to the scratch database, in a transaction.
        declared: the extensions.
        target: the schema they are for.
        others: the schemas that the files make, and that are there by now.

    Raises:
        SourceErrors: PostgreSQL refuses some.
    """
    wanted = tuple(declared)
    for home in sorted(
        {found.statement.schema for found in wanted if found.statement.schema} - {target.schema, *others}
    ):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(home)}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {quote(home)} TO PUBLIC".encode())
    path = search_path(target.schema, target.extensions_schema)
    session = f"SET LOCAL search_path = {path}; SET LOCAL client_min_messages = error"
    apply_files(connection, [found.making for found in wanted], session)


def answered_for(catalog: Catalog, declared: Iterable[Declared], target: Target) -> Mapping[str, Extension]:
    """Return of the extensions of `catalog` those that files make, with their version where a file pins it.

    Those that CASCADE brings along are among them: nothing else would keep them.
    """
    wanted = tuple(declared)
    names = {found.name for found in wanted}
    for found in wanted:
        if found.statement.cascade:
            names |= _required(catalog, found.name) - set(target.provided)
    pinned = {found.name for found in wanted if found.statement.pinned}
    return {
        name: extension if name in pinned else replace(extension, version=None)
        for name, extension in catalog.extensions.items()
        if name in names
    }


def _required(catalog: Catalog, name: str) -> set[str]:
    found, waiting = set[str](), [f"extension {name}"]
    while waiting:
        dependent = waiting.pop()
        for user, used in catalog.dependencies:
            if user == dependent and used.startswith("extension ") and used not in found:
                found.add(used)
                waiting.append(used)
    return {used.removeprefix("extension ") for used in found}
