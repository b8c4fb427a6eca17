"""Schemas and extensions that a database holds before anything is restored into it."""

from psycopg import sql

from infra.backup_job import facts
from infra.backup_job.database import Connection
from infra.backup_job.manifest import Contents


def present(connection: Connection) -> frozenset[str]:
    """Return the schemas and extensions that are there, as the table of contents names them.

    Platforms make some of them in every database. `public`, which all databases begin with, is in a dump only for
    what differs.
    """
    rows = connection.execute(
        "SELECT 'SCHEMA - ' || nspname AS entry FROM pg_catalog.pg_namespace WHERE nspname <> 'public' "
        "UNION ALL SELECT 'EXTENSION - ' || extname FROM pg_catalog.pg_extension "
        "UNION ALL SELECT 'COMMENT - EXTENSION ' || extname FROM pg_catalog.pg_extension"
    )
    return frozenset(row["entry"] for row in rows)


def own_schemas(connection: Connection, wanted: Contents) -> None:
    """Give the schemas that are there to those who owned them: pg_restore then sets their grants as it should."""
    found = facts.access(connection).get("schema", {})
    for name, access in wanted.access.get("schema", {}).items():
        present = found.get(name)
        if present and access.owner and present.owner != access.owner and name != "public":
            owner = sql.Identifier(access.owner)
            connection.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.SQL(name), owner))


def drop_public(connection: Connection, wanted: Contents) -> None:
    """Drop the schema every database begins with if the backed up one had none."""
    if "public" not in wanted.access.get("schema", {}):
        connection.execute("DROP SCHEMA IF EXISTS public")
