"""Which objects are ours: remembered in the database itself, by the transaction that makes them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.provider.schema.introspect import query
from infra.provider.schema.model import ObjectId

if TYPE_CHECKING:
    import psycopg

SHARED = "shared schema"
"""Kind of a schema beside the main one that the files make and that others made before."""

TOOL_VERSION = "0.1.0"
SCHEMA = "pgstack"
NOTED_BY_SCHEMA = """
SELECT format('pgstack.%I', c.relname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'schema_name'
WHERE c.relnamespace = 'pgstack'::regnamespace AND c.relkind = 'r'
    AND c.relname NOT IN ('managed_schema', 'managed_object', 'apply_progress')
"""


@dataclass(frozen=True)
class Progress:
    """An update between two of its phases; `fingerprint` is of the schema it works towards."""

    fingerprint: str
    done: int
    phases: int


@dataclass(frozen=True)
class Ledger:
    """What was applied last to one managed schema; `objects` are its top-level objects that are ours.

    While an update is between two phases there is `progress`, and `objects` holds also those that it is to make.
    """

    objects: frozenset[ObjectId]
    fingerprint: str
    applied_at: datetime
    tool_version: str
    made_schema: bool
    progress: Progress | None = None


def read_ledger(connection: "psycopg.Connection[Any]", schema: str) -> Ledger | None:
    """Return the ledger of `schema`, None when nothing of ours was ever applied to it."""
    if not _exists(connection):
        return None
    row = connection.execute(  # a number: the driver reads no other dates than ISO's
        "SELECT fingerprint, extract(EPOCH FROM applied_at)::float8, tool_version, made_by_us "
        "FROM pgstack.managed_schema WHERE schema_name = %s",
        (schema,),
    ).fetchone()
    if row is None:
        return None
    objects = connection.execute("SELECT kind, name FROM pgstack.managed_object WHERE schema_name = %s", (schema,))
    mark, applied_at, version, made_schema = row
    ours = frozenset(ObjectId(kind, name) for kind, name in objects)
    return Ledger(
        ours, mark, datetime.fromtimestamp(applied_at, UTC), version, made_schema, _read_progress(connection, schema)
    )


def known_schemas(connection: "psycopg.Connection[Any]", schema: str) -> tuple[str, ...]:
    """Return the schemas beside `schema` that the ledger lists: its files made them."""
    if not _exists(connection):
        return ()
    rows = connection.execute(
        "SELECT name FROM pgstack.managed_object WHERE schema_name = %s AND kind = ANY (%s) ORDER BY name",
        (schema, ["schema", SHARED]),
    )
    return tuple(name for (name,) in rows)


def _read_progress(connection: "psycopg.Connection[Any]", schema: str) -> Progress | None:
    if not _exists(connection, "apply_progress"):  # a ledger that an older version of the tool wrote
        return None
    row = connection.execute(
        "SELECT fingerprint, phases_done, phases FROM pgstack.apply_progress WHERE schema_name = %s", (schema,)
    ).fetchone()
    return Progress(*row) if row else None


def write_ledger(
    connection: "psycopg.Connection[Any]",
    schema: str,
    objects: Collection[ObjectId],
    fingerprint: str,
    *,
    made_schema: bool,
) -> None:
    """Record in the open transaction that `objects` of `schema` are ours, and that nothing is left to be done."""
    connection.execute(query("ledger"))
    with connection.pipeline():
        connection.execute(
            "INSERT INTO pgstack.managed_schema (schema_name, fingerprint, applied_at, tool_version, made_by_us) "
            "VALUES (%s, %s, now(), %s, %s) ON CONFLICT (schema_name) DO UPDATE "
            "SET fingerprint = excluded.fingerprint, applied_at = excluded.applied_at, "
            "tool_version = excluded.tool_version",
            (schema, fingerprint, TOOL_VERSION, made_schema),
        )
        connection.execute("DELETE FROM pgstack.apply_progress WHERE schema_name = %s", (schema,))
        connection.execute("DELETE FROM pgstack.managed_object WHERE schema_name = %s", (schema,))
        _add_objects(connection, schema, objects)


def write_progress(
    connection: "psycopg.Connection[Any]",
    schema: str,
    objects: Collection[ObjectId],
    progress: Progress,
    *,
    made_schema: bool,
) -> None:
    """Record in the open transaction how far an update of several phases is: what it is to make is ours from now on.

    What it is to drop stays ours until `write_ledger` says that the update is done.
    """
    connection.execute(query("ledger"))
    connection.execute(
        "INSERT INTO pgstack.managed_schema (schema_name, fingerprint, applied_at, tool_version, made_by_us) "
        "VALUES (%s, '', now(), %s, %s) ON CONFLICT (schema_name) DO NOTHING",
        (schema, TOOL_VERSION, made_schema),
    )
    connection.execute(
        "INSERT INTO pgstack.apply_progress (schema_name, fingerprint, phases_done, phases, at) "
        "VALUES (%s, %s, %s, %s, now()) ON CONFLICT (schema_name) DO UPDATE SET fingerprint = excluded.fingerprint, "
        "phases_done = excluded.phases_done, phases = excluded.phases, at = excluded.at",
        (schema, progress.fingerprint, progress.done, progress.phases),
    )
    _add_objects(connection, schema, objects)


def _add_objects(connection: "psycopg.Connection[Any]", schema: str, objects: Collection[ObjectId]) -> None:
    connection.execute(
        "INSERT INTO pgstack.managed_object (schema_name, kind, name) "
        "SELECT %s, * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
        (schema, [item.kind for item in objects], [item.name for item in objects]),
    )


def forget(connection: "psycopg.Connection[Any]", schema: str) -> None:
    """Remove the ledger of `schema`, and the whole of `pgstack` once it is about no schema and holds nothing else.

    What the schema's own functions noted there of it, by `schema_name`, as seal() does, goes with it.
    """
    if not _exists(connection):
        return
    connection.execute("DELETE FROM pgstack.managed_schema WHERE schema_name = %s", (schema,))
    for (table,) in connection.execute(NOTED_BY_SCHEMA).fetchall():
        connection.execute(f"DELETE FROM {table} WHERE schema_name = %s".encode(), (schema,))  # noqa: S608 - quoted
        if connection.execute(f"SELECT FROM {table} LIMIT 1".encode()).rowcount == 0:
            connection.execute(f"DROP TABLE {table}".encode())
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pgstack.managed_schema) AND NOT EXISTS (SELECT FROM pg_class "
        "WHERE relnamespace = 'pgstack'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') "
        "AND relname NOT IN ('managed_schema', 'managed_object', 'apply_progress'))"
    ).fetchone()
    if row and row[0]:
        connection.execute("DROP TABLE IF EXISTS pgstack.apply_progress")
        connection.execute("DROP TABLE pgstack.managed_object, pgstack.managed_schema")
        connection.execute("DROP SCHEMA pgstack")


def _exists(connection: "psycopg.Connection[Any]", table: str = "managed_schema") -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"pgstack.{table}",)).fetchone()
    return bool(row and row[0])
