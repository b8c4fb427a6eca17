"""What a database holds beside the managed schemas, and how a scratch database gets a copy of it, without rows."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.introspect import query
from infra.provider.schema.pg_dump import Entry, dump, entries, preamble
from infra.provider.schema.target import OWN_SCHEMA, Surroundings, Target

if TYPE_CHECKING:
    import psycopg


def read_surroundings(connection: "psycopg.Connection[Any]", schema: str) -> Surroundings:
    """Return which schemas lie beside `schema`; one query however many objects they hold."""
    rows = connection.execute(query("surroundings"), {"schema": schema}).fetchall()
    return Surroundings(
        {name: mark for name, readable, mark in rows if readable},
        tuple(name for name, readable, _ in rows if not readable),
    )


def copy_surroundings(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Make in a scratch database what the target's database holds beside the managed schema.

    What leans on the managed schema itself can not be made and is left out: a file that needs it says so.

    Raises:
        DumpFailed: the target's database can not be read.
    """
    if target.server is None or target.url is None or not target.server.surroundings.readable:
        return
    chosen = [f"--schema={_pattern(name)}" for name in target.server.surroundings.readable]
    restore(connection, dump(target.url, chosen), strict=())


def dump_all(target: Target) -> str:
    """Return a dump of the target's whole database: the managed schema and what lies beside it, rows apart.

    Raises:
        DumpFailed: the target's database can not be read.
    """
    if target.url is None:
        raise ValueError("a dump needs the target's URL")
    closed = target.server.surroundings.closed if target.server else ()
    return dump(target.url, [f"--exclude-schema={_pattern(name)}" for name in (OWN_SCHEMA, *closed)])


def dump_schemas(url: str, *schemas: str) -> str:
    """Return a dump of some schemas of the database at `url`.

    Raises:
        DumpFailed: it can not be read.
    """
    return dump(url, [f"--schema={_pattern(schema)}" for schema in schemas])


_CREATE_SCHEMA = re.compile(r"^CREATE SCHEMA [^;]+;", re.MULTILINE)


def _pattern(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


class NotRestored(Exception):  # noqa: N818 - named for what happened
    """A statement of the managed schema's own dump failed in the scratch database."""


def restore(connection: "psycopg.Connection[Any]", text: str, strict: Iterable[str]) -> None:
    """Run a dump, at once if it goes, otherwise entry by entry, going on after one that fails.

    Args:
        connection: to the scratch database, not in a transaction.
        text: the dump.
        strict: schemas of which every entry must succeed.

    Raises:
        NotRestored: an entry of a schema in `strict` failed.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    there = {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace")}
    wanted = [
        replace(entry, text=_CREATE_SCHEMA.sub("", entry.text))
        if entry.kind == "SCHEMA" and entry.name in there
        else entry
        for entry in entries(text)
    ]
    try:
        connection.execute("\n".join([preamble(text), *(entry.text for entry in wanted)]).encode())
    except psycopg.Error:
        _restore_one_by_one(connection, preamble(text), wanted, frozenset(strict))
    connection.execute("RESET ALL")


def _restore_one_by_one(
    connection: "psycopg.Connection[Any]", settings: str, wanted: Iterable[Entry], strict: frozenset[str]
) -> None:
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    connection.execute(settings.encode())
    for entry in wanted:
        try:
            connection.execute(entry.text.encode())
        except psycopg.Error as error:
            if entry.schema in strict:
                raise NotRestored(f"{entry.kind} {entry.name}: {error.diag.message_primary or error}") from error
