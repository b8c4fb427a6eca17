"""Which objects are ours: remembered in the database itself, by the transaction that makes them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.provider.schema.introspect import query
from infra.provider.schema.model import ObjectId

if TYPE_CHECKING:
    import psycopg

TOOL_VERSION = "0.1.0"
SCHEMA = "pgstack"


@dataclass(frozen=True)
class Ledger:
    """What was applied last to one managed schema; `objects` are its top-level objects that are ours."""

    objects: frozenset[ObjectId]
    fingerprint: str
    applied_at: datetime
    tool_version: str
    made_schema: bool


def read_ledger(connection: "psycopg.Connection[Any]", schema: str) -> Ledger | None:
    """Return the ledger of `schema`, None when nothing of ours was ever applied to it."""
    if not _exists(connection):
        return None
    row = connection.execute(
        "SELECT fingerprint, applied_at, tool_version, made_by_us FROM pgstack.managed_schema WHERE schema_name = %s",
        (schema,),
    ).fetchone()
    if row is None:
        return None
    objects = connection.execute("SELECT kind, name FROM pgstack.managed_object WHERE schema_name = %s", (schema,))
    return Ledger(frozenset(ObjectId(kind, name) for kind, name in objects), *row)


def write_ledger(
    connection: "psycopg.Connection[Any]",
    schema: str,
    objects: Collection[ObjectId],
    fingerprint: str,
    *,
    made_schema: bool,
) -> None:
    """Record in the open transaction that `objects` of `schema` are ours."""
    connection.execute(query("ledger"))
    connection.execute(
        "INSERT INTO pgstack.managed_schema (schema_name, fingerprint, applied_at, tool_version, made_by_us) "
        "VALUES (%s, %s, now(), %s, %s) ON CONFLICT (schema_name) DO UPDATE SET fingerprint = excluded.fingerprint, "
        "applied_at = excluded.applied_at, tool_version = excluded.tool_version",
        (schema, fingerprint, TOOL_VERSION, made_schema),
    )
    connection.execute("DELETE FROM pgstack.managed_object WHERE schema_name = %s", (schema,))
    connection.execute(
        "INSERT INTO pgstack.managed_object (schema_name, kind, name) SELECT %s, * FROM unnest(%s::text[], %s::text[])",
        (schema, [item.kind for item in objects], [item.name for item in objects]),
    )


def forget(connection: "psycopg.Connection[Any]", schema: str) -> None:
    """Remove the ledger of `schema`, and the whole of `pgstack` once it is about no schema and holds nothing else."""
    if not _exists(connection):
        return
    connection.execute("DELETE FROM pgstack.managed_schema WHERE schema_name = %s", (schema,))
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pgstack.managed_schema) AND NOT EXISTS (SELECT FROM pg_class "
        "WHERE relnamespace = 'pgstack'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') "
        "AND relname NOT IN ('managed_schema', 'managed_object'))"
    ).fetchone()
    if row and row[0]:
        connection.execute("DROP TABLE pgstack.managed_object, pgstack.managed_schema")
        connection.execute("DROP SCHEMA pgstack")


def _exists(connection: "psycopg.Connection[Any]") -> bool:
    row = connection.execute("SELECT to_regclass('pgstack.managed_schema') IS NOT NULL").fetchone()
    return bool(row and row[0])
