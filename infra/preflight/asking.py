"""Asking a server: a read-only transaction, and the queries that lie beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

STATEMENT_MILLISECONDS = 30_000


@contextmanager
def asking(connection: "psycopg.Connection[Any]") -> "Iterator[psycopg.Cursor[dict[str, Any]]]":
    """Open a read-only transaction in which names are PostgreSQL's own and no question takes long; rows are dicts."""
    from psycopg.rows import dict_row  # noqa: PLC0415 - a no-op preview needs no driver

    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}")
        yield cursor


@cache
def query(name: str) -> bytes:
    """Return the text of `queries/name.sql`."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_bytes()
