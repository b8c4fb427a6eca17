"""The queries of sql/verify, asked of a database: those that hold in a dump's snapshot are to hold in its copies."""

from collections.abc import Mapping

from psycopg import sql

from infra.backup_job import database
from infra.backup_job.database import Connection
from infra.backup_job.manifest import Manifest


def passing(connection: Connection, checks: Mapping[str, str], schema: str) -> list[str]:
    """Return the names of the `checks` that hold in the database of `connection`, in its transaction.

    Args:
        connection: in a transaction, which stays as it was.
        checks: by name a query that returns rows of (ok boolean, message text).
        schema: where unqualified names in them are looked up.
    """
    return [name for name, query in sorted(checks.items()) if _failure(connection, query, schema) is None]


def failing(connection: Connection, checks: Mapping[str, str], manifest: Manifest) -> dict[str, str]:
    """Return what the `checks` that held in the original say against its copy, by name.

    Args:
        connection: to the copy, in a transaction, which stays as it was.
        checks: as for `passing`; one that was not asked of the original is not asked now.
        manifest: of the original.
    """
    found = {
        name: _failure(connection, checks[name], manifest.managed_schema) for name in manifest.checks if name in checks
    }
    return {name: words for name, words in found.items() if words is not None}


def _failure(connection: Connection, query: str, schema: str) -> str | None:
    """Return what a check says against the database, None if it holds."""
    with connection.transaction(force_rollback=True):
        path = sql.SQL("SET LOCAL search_path = {}, extensions, pg_temp").format(sql.Identifier(schema))
        connection.execute(path)
        try:
            with connection.transaction():
                rows = connection.execute(query.encode()).fetchall()
        except database.SERVER_ERROR as error:
            if connection.broken:
                raise
            return " ".join(str(error).split())
    wrong = [str(row.get("message")) for row in rows if row.get("ok") is not True]
    return "; ".join(wrong) if wrong or not rows else None
