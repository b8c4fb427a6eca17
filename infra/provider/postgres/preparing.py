"""Giving a database what it lacks, and taking that away again: imported once there is something to do.

What is ours is a row of pgstack.prepared_object, written by the transaction that makes it.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from infra.plugin import UserError
from infra.provider.schema.ledger import forget
from infra.roles import READER_IS_IN

if TYPE_CHECKING:
    from infra.provider.postgres.preparation import PreparationInputs

Connection = psycopg.Connection[Any]
Made = tuple[str, str]
"""Kind and name: role, login, schema, extension; `usage` of `schema role`."""

LOCK = 0x7067_7374_6163_6B70
"""The advisory lock (in this database) of a preparation."""
LEDGER = """
CREATE SCHEMA IF NOT EXISTS pgstack;
CREATE TABLE IF NOT EXISTS pgstack.prepared_object (kind text, name text, PRIMARY KEY (kind, name));
COMMENT ON TABLE pgstack.prepared_object IS
    'Roles, schemas, extensions and grants of USAGE that the database lacked and the tool made'
"""
MAKE_ORDER = ("role", "login", "schema", "usage", "extension")
DROP_ORDER = ("usage", "extension", "schema", "login", "role")
SERVICE = "service_role"


def made(connection: Connection) -> list[Made]:
    """Return what of the preparation is ours, in order."""
    if connection.execute("SELECT to_regclass('pgstack.prepared_object') IS NULL").fetchone() == (True,):
        return []
    rows = connection.execute("SELECT kind, name FROM pgstack.prepared_object ORDER BY kind, name").fetchall()
    return [(str(kind), str(name)) for kind, name in rows]


def lacking(connection: Connection, wanted: "PreparationInputs") -> list[Made]:
    """Return what of `wanted` is missing, in the order in which it can be made; reads only."""
    logins = [wanted.backup_role] if wanted.backup_role else []
    roles = [*wanted.groups, *logins]
    schemas = list(dict.fromkeys((wanted.extensions_schema, wanted.schema_name)))
    known_roles = _known(connection, "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY(%s)", roles)
    known_schemas = _known(connection, "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s)", schemas)
    known_extensions = _known(
        connection, "SELECT extname FROM pg_catalog.pg_extension WHERE extname = ANY(%s)", wanted.extensions
    )
    return [
        *(("role", name) for name in wanted.groups if name not in known_roles),
        *(("login", name) for name in logins if name not in known_roles),
        *(("schema", name) for name in schemas if name not in known_schemas),
        *(("usage", f"{schema} {role}") for schema, role in _shut_out(connection, schemas, wanted.groups)),
        *(("extension", name) for name in wanted.extensions if name not in known_extensions),
    ]


def prepare(connection: Connection, wanted: "PreparationInputs") -> tuple[list[Made], list[str]]:
    """Make what is missing in one transaction; return all that is ours, and why an earlier login for backups stays.

    Raises:
        UserError: the role for backups exists and is not ours, or has to be in a role that we may not grant.
    """
    kept: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute(LEDGER)
        for kind in MAKE_ORDER:
            # Asked anew each time: who may not use a schema shows once role and schema are there.
            for name in [name for lacked, name in lacking(connection, wanted) if lacked == kind]:
                _make(connection, kind, name, wanted)
                note = "INSERT INTO pgstack.prepared_object VALUES (%s, %s) ON CONFLICT DO NOTHING"
                connection.execute(note, (kind, name))
        for name in _logins(connection) - {wanted.backup_role}:
            kept += _drop(connection, "login", name)  # backups were switched off, or read by another login now
        if wanted.backup_role:
            _set_up_reader(connection, wanted)
        return made(connection), kept


def take_away(connection: Connection, wanted: "PreparationInputs") -> list[str]:
    """Drop the login for backups; with `drop_on_delete` all that is ours. Return why something had to stay.

    Without `drop_on_delete` the note of what is ours stays, too, so that a later preparation knows it again.
    """
    kept: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", [LOCK])
        ours = made(connection)
        for kind in DROP_ORDER:
            for name in (name for known, name in ours if known == kind):
                if wanted.drop_on_delete or kind == "login":
                    kept += _drop(connection, kind, name)
        if wanted.drop_on_delete and not kept:
            _forget(connection, wanted.schema_name)
    return kept


def _forget(connection: Connection, schema: str) -> None:
    """Drop the notes, and the schema they were in unless it still holds those about another managed schema."""
    connection.execute("DROP TABLE IF EXISTS pgstack.prepared_object")
    forget(connection, schema)
    with suppress(psycopg.errors.DependentObjectsStillExist), connection.transaction():
        connection.execute("DROP SCHEMA IF EXISTS pgstack")


def _make(connection: Connection, kind: str, name: str, wanted: "PreparationInputs") -> None:
    match kind:
        case "role" | "login":
            bypass = sql.SQL(" BYPASSRLS" if kind == "login" or _may_bypass(connection, name) else "")
            connection.execute(sql.SQL("CREATE ROLE {}{}").format(sql.Identifier(name), bypass))
        case "schema":
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        case "usage":
            schema, role = name.split(" ", 1)
            _let_in(connection, schema, role)
        case _:
            connection.execute(
                sql.SQL("CREATE EXTENSION {} SCHEMA {}").format(
                    sql.Identifier(name), sql.Identifier(wanted.extensions_schema)
                )
            )


def _may_bypass(connection: Connection, name: str) -> bool:
    """Say whether service_role can have what it has at Supabase; the preflight warned where it can not."""
    if name != SERVICE:
        return False
    row = connection.execute(
        "SELECT rolsuper OR (rolbypassrls AND current_setting('server_version_num')::int >= 160000)"
        " FROM pg_catalog.pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _let_in(connection: Connection, schema: str, role: str) -> None:
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), sql.Identifier(role)))
    if list(_shut_out(connection, [schema], [role])):  # without the grant option PostgreSQL only warns
        raise UserError(
            f"role {role} may not use schema {schema}, and we may not let it. As the schema's owner: "
            f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        )


def _logins(connection: Connection) -> set[str]:
    return {name for kind, name in made(connection) if kind == "login"}


def _set_up_reader(connection: Connection, wanted: "PreparationInputs") -> None:
    if wanted.backup_role not in _logins(connection):
        raise UserError(
            f"role {wanted.backup_role} exists and was not made by this stack: give its login as backupDatabaseUrl"
        )
    role, encoding = wanted.backup_role, connection.info.encoding
    # Only its verifier: no statement, and no log of the server, holds the password.
    verifier = connection.pgconn.encrypt_password(
        (wanted.backup_password or "").encode(encoding), role.encode(encoding), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier.decode("ascii")))
    )
    for group in READER_IS_IN:
        member = connection.execute("SELECT pg_catalog.pg_has_role(%s, %s, 'USAGE')", (role, group)).fetchone()
        if member == (False,):
            _grant(connection, group, role)


def _grant(connection: Connection, group: str, role: str) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        # The preflight told of it, unless somebody took the right away since: it is believed until its inputs change.
        (login,) = connection.execute("SELECT quote_ident(current_user)").fetchone() or ("",)
        raise UserError(
            f"role {role} has to be in {group}, which others made and {login} may not grant. As an administrator: "
            f"GRANT {group} TO {login} WITH ADMIN OPTION;"
        ) from None


def _drop(connection: Connection, kind: str, name: str) -> list[str]:
    """Drop one thing of ours and its note; return why it had to stay, if it had to."""
    try:
        with connection.transaction():
            connection.execute(_drop_statement(kind, name))
            connection.execute("DELETE FROM pgstack.prepared_object WHERE (kind, name) = (%s, %s)", (kind, name))
    except (psycopg.errors.UndefinedObject, psycopg.errors.InvalidSchemaName):
        return []  # dropped by hand
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege) as error:
        return [f"{kind} {name} stays: {error.diag.message_detail or error.diag.message_primary}"]
    return []


def _drop_statement(kind: str, name: str) -> sql.Composed:
    match kind:
        case "usage":
            schema, role = name.split(" ", 1)
            return sql.SQL("REVOKE USAGE ON SCHEMA {} FROM {}").format(sql.Identifier(schema), sql.Identifier(role))
        case "extension":
            return sql.SQL("DROP EXTENSION IF EXISTS {} RESTRICT").format(sql.Identifier(name))
        case "schema":
            return sql.SQL("DROP SCHEMA IF EXISTS {} RESTRICT").format(sql.Identifier(name))
        case _:
            return sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))


def _shut_out(connection: Connection, schemas: list[str], roles: list[str]) -> Iterator[tuple[str, str]]:
    """Yield schema and role for each of the roles that exist and may not use one of the schemas that exist."""
    rows = connection.execute(
        "SELECT n.nspname::text, r.rolname::text FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.pg_roles r"
        " WHERE n.nspname = ANY(%s) AND r.rolname = ANY(%s)"
        " AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') ORDER BY 1, 2",
        (schemas, roles),
    )
    yield from ((str(schema), str(role)) for schema, role in rows.fetchall())


def _known(connection: Connection, query: str, names: list[str]) -> set[str]:
    return {str(name) for (name,) in connection.execute(query.encode(), (names,))}
