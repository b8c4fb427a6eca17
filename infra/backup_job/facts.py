"""The facts a manifest records, read from the database: what it is, what it holds, what lies on and beside it."""

import hashlib
import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from infra.backup_job import progress, stopping
from infra.backup_job.database import Connection, connect, describe, server_errors
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import Access, AccessByKind, Contents, DatabaseFacts, Globals, Identity, ServerFacts
from infra.backup_job.settings import Settings

QUERIES = Path(__file__).with_name("queries")

CAST = re.compile(r'::(?:(?:character|bit) varying|double precision|time(?:stamp)? with(?:out)? time zone|[\w".]+)')
"""PostgreSQL writes casts elsewhere once it has read its own words: `ANY ((ARRAY['a'::varchar])::text[])` becomes
`ANY (ARRAY[('a'::varchar)::text])`."""
PUNCTUATION = re.compile(r"[()\[\]\s]+")


def server_facts(connection: Connection) -> ServerFacts:
    """Return what server and database this is."""
    return ServerFacts.model_validate({**_rows(connection, "server")[0], "identity": identity(connection)})


def identity(connection: Connection) -> Identity:
    """Return which database this is, among all of all servers.

    Raises:
        BackupError: the server does not tell this role.
    """
    query = (
        "SELECT c.system_identifier::text AS system_identifier, d.oid AS database_oid "
        "FROM pg_catalog.pg_control_system() AS c, pg_catalog.pg_database AS d "
        "WHERE d.datname = pg_catalog.current_database()"
    )
    try:
        return Identity.model_validate(connection.execute(query).fetchone())
    except psycopg.errors.InsufficientPrivilege:
        role = sql.Identifier(connection.info.user).as_string(connection)
        raise BackupError(
            "backups can not be told from those of another server: as a superuser, in this database, run "
            f"GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {role}"
        ) from None


def database_identity(settings: Settings) -> Identity:
    """Return which database the settings' one is.

    Raises:
        BackupError: it can not be asked, or does not tell.
    """
    url = settings.database_url.get_secret_value()
    with connect(url) as connection, server_errors(f"{describe(url)} does not say which database it is"):
        return identity(connection)


def extensions(connection: Connection) -> dict[str, dict[str, str]]:
    """Return version and schema of each extension, plpgsql apart, which every database has."""
    rows = connection.execute(
        "SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema FROM pg_catalog.pg_extension AS e "
        "JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid WHERE e.extname <> 'plpgsql' ORDER BY 1"
    )
    return {row["name"]: {"version": row["version"], "schema": row["schema"]} for row in rows}


def lockable(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return schema and name of every table that this role may read, partitioned parents included, by its oid."""
    return {row["oid"]: (row["schema"], row["name"]) for row in _rows(connection, "lockable")}


def contents(connection: Connection) -> Contents:
    """Count every table's rows, and name every object and who may use it, in the transaction's snapshot.

    Raises:
        BackupError: row security would hide rows from this role.
    """
    tables = _rows(connection, "tables")
    rows = {}
    with progress.step("counting rows", len(tables), "tables") as step:
        for table in tables:
            stopping.check()
            name = sql.Identifier(table["schema"], table["name"])
            with server_errors(f"rows of {table['schema']}.{table['name']} can not be counted"):
                row = connection.execute(sql.SQL("SELECT count(*) AS n FROM {}").format(name)).fetchone()
            rows[f"{table['schema']}.{table['name']}"] = int(row["n"]) if row else 0
            step.add()
    objects: dict[str, dict[str, str]] = {}
    for found in _rows(connection, "objects"):
        objects.setdefault(found["kind"], {})[found["name"]] = digest(found["definition"])
    forced = [f"{table['schema']}.{table['name']}" for table in tables if table["forced"]]
    return Contents(rows=rows, objects=objects, forced_row_security=forced, access=access(connection))


def digest(definition: str) -> str:
    """Return a hash of what an object is, the same for the words before and after a restore.

    >>> digest("CHECK (((a)::text = ANY ((ARRAY['x'::character varying])::text[])))") == digest(
    ...     "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text])))"
    ... )
    True
    >>> digest("CHECK (a > 1)") == digest("CHECK (a > 2)")
    False
    """
    kept = CAST.sub("", PUNCTUATION.sub(" ", definition))
    return hashlib.sha256("".join(kept.split()).encode()).hexdigest()[:16]


def access(connection: Connection) -> AccessByKind:
    """Return owner and grants of every object, by kind and name."""
    kinds: AccessByKind = {}
    for found in _rows(connection, "access"):
        kinds.setdefault(found["kind"], {})[found["name"]] = Access(owner=found["owner"], grants=found["grants"])
    return kinds


def globals_outside(connection: Connection) -> Globals:
    """Return roles, without passwords, what lies on the database, and the parameters set on it and in it on roles."""
    return Globals.model_validate(
        {
            "roles": _rows(connection, "roles"),
            "parameters": _rows(connection, "parameters"),
            "database": database(connection),
        }
    )


def database(connection: Connection) -> DatabaseFacts:
    """Return owner, grants, connection limit and comment of the database itself."""
    return DatabaseFacts.model_validate(_rows(connection, "database")[0])


def _rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    text = (QUERIES / f"{query}.sql").read_text()
    return connection.execute(text.encode()).fetchall()
