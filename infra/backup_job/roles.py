"""The roles around a database: whose things its backup holds, and who therefore have to be there before a restore."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from psycopg import sql

from infra.backup_job import database
from infra.backup_job.database import Connection, server_errors
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import Globals, Role
from infra.backup_job.report import Report

ATTRIBUTES = ("createrole", "createdb", "login", "replication", "bypassrls")
"""Those that a new role has only if it says so; a superuser is never made."""


def missing(connection: Connection, outside: Globals) -> list[Role]:
    """Return the roles that the server of `connection` lacks and the backup needs, after the groups that they are in.

    Args:
        connection: to any database of the server.
        outside: what the backup recorded of its own.
    """
    there = {row["rolname"] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    recorded = {role.name: role for role in outside.roles}
    found: dict[str, Role] = {}

    def add(role: Role) -> None:
        if role.name not in there and role.name not in found:
            for group in role.member_of:
                if group in recorded:
                    add(recorded[group])
            found[role.name] = role

    for role in outside.roles:
        if role.used_here:
            add(role)
    return list(found.values())


@contextmanager
def made(url: str, roles: Sequence[Role], report: Report) -> Iterator[None]:
    """Make `roles` as they were, without their passwords, which no backup holds; if the block fails, they go again.

    Args:
        url: any database of the server, as a role that may make them.
        roles: which, groups first.
        report: is told of each.

    Raises:
        BackupError: one was a superuser, or the server refuses: then none is made.
    """
    if superusers := [role.name for role in roles if role.superuser]:
        raise BackupError(f"superusers are not made for a backup: make {', '.join(superusers)} yourself")
    with (
        database.connect(url) as connection,
        server_errors("the roles of the backup can not be made"),
        connection.transaction(),
    ):
        for role in roles:
            _make(connection, role)
    for role in roles:
        report("role made, without a password", role=role.name)
    try:
        yield
    except BaseException:
        _drop(url, [role.name for role in roles], report)
        raise


def _make(connection: Connection, role: Role) -> None:
    words = [name.upper() for name in ATTRIBUTES if getattr(role, name)]
    words += [] if role.inherit else ["NOINHERIT"]
    name = sql.Identifier(role.name)
    attributes = sql.SQL(" ".join([*words, "CONNECTION LIMIT {}"])).format(sql.Literal(role.connection_limit))
    connection.execute(sql.SQL("CREATE ROLE {} {}").format(name, attributes))
    for group in role.member_of:
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), name))


def _drop(url: str, names: Collection[str], report: Report) -> None:
    """Drop what was made; where that fails it is only told: the error that led here is the one to see."""
    if not names:
        return
    try:
        with database.connect(url) as connection, server_errors("the roles that were made stay"):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))
    except BackupError as error:
        report("roles that were made for a failed restore stay", roles=", ".join(names), reason=str(error))
