"""Reads the managed schemas of a live database into a `Catalog`, by set-based queries (`queries/`): always as many.

Everything is printed under one search path, `<schema>, <extensions>, pg_temp`, so that the names of the main schema's
own objects come out bare, those of all others qualified, and two databases print equal things equally. In a function's
own search_path the main schema's name is replaced by `assembly.SCHEMA_PLACEHOLDER`.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.provider.schema.assembly import Assembly
from infra.provider.schema.canonical import canonical
from infra.provider.schema.identifiers import named, quote
from infra.provider.schema.model import Catalog
from infra.provider.schema.styles import OURS, local_settings

if TYPE_CHECKING:
    import psycopg

QUERIES = (
    "schemas",
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


NAMED = {
    "relations": ("name", "parent"),
    "constraints": ("references",),
    "indexes": ("name",),
    "shares": ("partition", "name", "parent"),
    "functions": ("name",),
    "types": ("name",),
    "sequences": ("owner_table",),
    "wholes": ("name", "home"),
}
"""Query -> its columns that hold what may be in another schema than the main one."""


def search_path(schema: str, extensions: str) -> str:
    """Return the search path under which files are applied, plans run and catalogs are read."""
    return f"{quote(schema)}, {quote(extensions)}, pg_temp"


@contextmanager
def local_search_path(
    connection: "psycopg.Connection[Any]", schema: str, extensions: str, styles: Mapping[str, str] = OURS
) -> Iterator[None]:
    """Set the search path inside a transaction block, or a savepoint of one, and put back the one before.

    Args:
        connection: to the database.
        schema: the main schema's bare name.
        extensions: the schema the extensions live in.
        styles: those in which SQL is read, and constants are printed.
    """
    with (
        connection.transaction(),
        local_settings(connection, {"search_path": search_path(schema, extensions), "jit": "off", **styles}),
    ):
        yield


@contextmanager
def _planned_once(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """Have PostgreSQL keep the plans of what is prepared, inside a transaction block and a pipeline.

    Planning is two thirds of what reading a small schema takes, and an update reads the same session's several times.
    """
    if connection.prepare_threshold is None:  # nothing is prepared
        yield
        return
    # What it was is kept in the session, so that nobody has to wait for the answer.
    connection.execute("SELECT set_config('pgstack.plan_cache_mode', current_setting('plan_cache_mode'), true)")
    connection.execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
    yield
    connection.execute("SELECT set_config('plan_cache_mode', current_setting('pgstack.plan_cache_mode'), true)")


@cache
def query(name: str, *, several: bool = False) -> str:
    """Return the text of one query in `queries/`.

    Args:
        name: the query's.
        several: over more than the main schema: the others read `managed_schemas`, or `main_schema` in its place, as
            if it were a table.
    """
    text = (Path(__file__).parent / "queries" / f"{name}.sql").read_text()
    if "managed_schemas AS " not in text:
        return text
    source = query("managed_schemas" if several else "main_schema")
    managed = "\n".join(line for line in source.splitlines() if not line.startswith("--"))
    return text.replace("managed_schemas AS ", f"({managed}) AS ")


def parameters(schema: str, others: Collection[str] = ()) -> dict[str, Any]:
    """Return what the queries must know of the managed schemas: their names, and the forms of names in them.

    Args:
        schema: the main one.
        others: those beside it.
    """
    names = [schema, *sorted({*others} - {schema})]
    prefixes = [f"{quote(name)}.".replace("%", "%%") for name in names[1:]]
    qualified = [f"{prefix}%I" for prefix in prefixes]
    return {"schema": schema, "schemas": names, "named": ["%s", *qualified], "written": ["%I", *qualified]}


def read_catalog(
    connection: "psycopg.Connection[Any]",
    schema: str,
    extensions: str = "extensions",
    others: Collection[str] = (),
    *,
    all_extensions: bool = False,
) -> Catalog:
    """Return what the managed schemas hold now; one that does not exist is empty.

    Args:
        connection: to the database; reading needs no more than USAGE on the schemas.
        schema: the main schema's bare name.
        extensions: the schema the extensions live in.
        others: further managed schemas, which need not exist.
        all_extensions: also read those that this role may not change, as in a scratch database, which others made.
    """
    from psycopg.rows import dict_row  # noqa: PLC0415 - the driver is loaded only where it is used

    known = parameters(schema, others)
    several = len(known["schemas"]) > 1
    # In a pipeline: all queries at once, and one wait for all the answers.
    with local_search_path(connection, schema, extensions), connection.pipeline(), _planned_once(connection):
        asked = known | {"all_extensions": all_extensions}
        answers = {
            name: connection.cursor(row_factory=dict_row).execute(query(name, several=several), asked, prepare=True)
            for name in QUERIES
        }
        rows = {name: _canonical(answer.fetchall()) for name, answer in answers.items()}
    for name, columns in NAMED.items():
        _name(rows[name], columns, known["schemas"][1:])
    return Assembly(schema, tuple(known["schemas"][1:]), rows).catalog()


def _name(rows: list[dict[str, Any]], columns: Collection[str], others: Collection[str]) -> None:
    for row in rows if others else ():
        for column in columns:
            if row[column]:
                row[column] = named(row[column], others)


def _canonical(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        for name in PRINTED & row.keys():
            if row[name]:
                row[name] = canonical(row[name])
    return rows


def outside(connection: "psycopg.Connection[Any]", schema: str, others: Collection[str] = ()) -> frozenset[str]:
    """Return what users made in the database outside of `schema` and `others`, by kind and name."""
    text = query("outside", several=bool(others))
    rows = connection.execute(text.encode(), parameters(schema, others)).fetchall()
    return frozenset(row[0] for row in rows)
