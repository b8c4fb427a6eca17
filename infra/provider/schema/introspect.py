"""Reads one schema of a live database into a `Catalog`, by the set-based queries of `queries/`: always the same number.

Everything is printed under one search path, `<schema>, <extensions>, pg_temp`, so that the names of the schema's own
objects come out bare and two databases print equal things equally. In a function's own search_path the schema's name
is replaced by `assembly.SCHEMA_PLACEHOLDER`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.provider.schema.assembly import Assembly
from infra.provider.schema.canonical import canonical
from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import Catalog

if TYPE_CHECKING:
    import psycopg

QUERIES = (
    "extensions",
    "relations",
    "columns",
    "constraints",
    "indexes",
    "shares",
    "policies",
    "triggers",
    "functions",
    "types",
    "sequences",
    "wholes",
    "publications",
    "grants",
    "comments",
    "default_privileges",
    "dependencies",
    "unsupported",
    "reader",
)
"""Names of the queries, in the order in which they run."""

PRINTED = frozenset({"definition", "view_definition", "default", "generated", "using", "check"})
"""Columns of the queries that hold what PostgreSQL printed of a parsed expression."""


def search_path(schema: str, extensions: str) -> str:
    """Return the search path under which files are applied, plans run and catalogs are read."""
    return f"{quote(schema)}, {quote(extensions)}, pg_temp"


@contextmanager
def local_search_path(connection: "psycopg.Connection[Any]", schema: str, extensions: str) -> Iterator[None]:
    """Set the search path inside a transaction block, or a savepoint of one, and put back the one before."""
    with connection.transaction():
        before = connection.execute("SELECT current_setting('search_path')").fetchone()
        path = search_path(schema, extensions)
        connection.execute("SELECT set_config('search_path', %s, true), set_config('jit', 'off', true)", (path,))
        yield
        connection.execute("SELECT set_config('search_path', %s, true)", before)


@cache
def query(name: str) -> str:
    """Return the text of one query in `queries/`."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text()


def read_catalog(
    connection: "psycopg.Connection[Any]", schema: str, extensions: str = "extensions", *, all_extensions: bool = False
) -> Catalog:
    """Return what `schema` holds now; a schema that does not exist is empty.

    Args:
        connection: to the database; reading needs no more than USAGE on the schema.
        schema: the schema's bare name.
        extensions: the schema the extensions live in.
        all_extensions: also read those that this role may not change, as in a scratch database, which others made.
    """
    from psycopg.rows import dict_row  # noqa: PLC0415 - the driver is loaded only where it is used

    # In a pipeline: all queries at once, and one wait for all the answers.
    with local_search_path(connection, schema, extensions), connection.pipeline():
        asked = {"schema": schema, "all_extensions": all_extensions}
        answers = {name: connection.cursor(row_factory=dict_row).execute(query(name), asked) for name in QUERIES}
        rows = {name: _canonical(answer.fetchall()) for name, answer in answers.items()}
    return Assembly(schema, rows).catalog()


def _canonical(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        for name in PRINTED & row.keys():
            if row[name]:
                row[name] = canonical(row[name])
    return rows


def outside(connection: "psycopg.Connection[Any]", schema: str) -> frozenset[str]:
    """Return what users made in the database outside of `schema`, by kind and name."""
    rows = connection.execute(query("outside").encode(), {"schema": schema}).fetchall()
    return frozenset(row[0] for row in rows)
